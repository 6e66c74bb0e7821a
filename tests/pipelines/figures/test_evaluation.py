"""A classifier of figures is scored, its predictions are tabulated, and it is drawn."""

import numpy as np
import pandas as pd
import pytest

from pipelines.figures import CLASSES, NetworkClassifier
from pipelines.figures.data.dataset import draw_figure_set
from pipelines.figures.evaluation import evaluate_classifier, prediction_table
from pipelines.figures.plots.classifier import draw_classifier


@pytest.fixture(scope="module")
def figures():
    return draw_figure_set(80, 9, 0.1, True, (0.6, 0.2, 0.2), np.random.default_rng(0))


@pytest.fixture(scope="module")
def classifier(figures):
    network = NetworkClassifier(layers=[(6, "relu")], epochs=3, random_state=0)
    return network.fit(figures.train.pixels, figures.train.labels)


def test_a_classifier_is_scored_on_its_own_loss_and_on_the_cross_entropy(classifier, figures):
    scores = evaluate_classifier(classifier, figures.test)
    assert scores["accuracy"] == classifier.score(figures.test.pixels, figures.test.labels)
    assert scores["loss"] == pytest.approx(scores["cross_entropy"], rel=1e-5)
    assert set(scores["recall"]) == set(CLASSES)


def test_predictions_have_a_row_for_each_figure(classifier, figures):
    table = prediction_table(classifier, figures.test)
    assert list(table) == ["index", "actual", "predicted", *CLASSES]
    assert table["actual"].tolist() == [CLASSES[label] for label in figures.test.labels]
    assert table["predicted"].tolist() == table[list(CLASSES)].idxmax(axis=1).tolist()


def test_every_plot_is_drawn(classifier, figures):
    history = pd.DataFrame(classifier.history_)
    names = [name for name, _ in draw_classifier("small", classifier, history, figures.test)]
    assert names == [
        "figures",
        "loss_curves",
        "confusion_matrix",
        "first_layer_weights",
        "network",
        "mistakes",
    ]
