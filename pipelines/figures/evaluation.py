"""Evaluation of a classifier on figures."""

import numpy as np
import pandas as pd

from pipelines.classification import classification_scores
from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.data.dataset import Figures
from pipelines.figures.data.drawing import CLASSES

__all__ = ["evaluate_classifier", "prediction_table"]


def evaluate_classifier(
    classifier: NetworkClassifier, figures: Figures
) -> dict[str, float | dict[str, float]]:
    """Return scores of a classifier on labelled figures.

    Returns:
        The metrics of `classification_scores`; "loss" is the one that was trained, and
        "cross_entropy", of the probabilities, compares classifiers of different losses.
    """
    probabilities = classifier.predict_proba(figures.pixels)
    scores = classification_scores(figures.labels, probabilities, CLASSES)
    return scores.to_metrics() | {
        "loss": classifier.evaluate(figures.pixels, figures.labels).loss,
        "cross_entropy": scores.loss,
    }


def prediction_table(classifier: NetworkClassifier, figures: Figures) -> pd.DataFrame:
    """Return a row for each figure: index, actual and predicted class, and all probabilities."""
    names, probabilities = np.array(CLASSES), classifier.predict_proba(figures.pixels)
    table = pd.DataFrame(probabilities.round(6), columns=list(CLASSES))
    table.insert(0, "predicted", names[probabilities.argmax(axis=1)])
    table.insert(0, "actual", names[figures.labels])
    return table.rename_axis("index").reset_index()
