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
        The metrics of `classification_scores`, where "loss" is the value of the training loss
        function. "cross_entropy" is comparable between classifiers with different losses.
    """
    probabilities = classifier.predict_proba(figures.pixels)
    scores = classification_scores(figures.labels, probabilities, CLASSES)
    return scores.to_metrics() | {
        "loss": classifier.evaluate(figures.pixels, figures.labels).loss,
        "cross_entropy": scores.loss,
    }


def prediction_table(classifier: NetworkClassifier, figures: Figures) -> pd.DataFrame:
    """Return a table with one row per figure: index, actual and predicted class, probabilities."""
    names, probabilities = np.array(CLASSES), classifier.predict_proba(figures.pixels)
    table = pd.DataFrame(probabilities.round(6), columns=list(CLASSES))
    table.insert(0, "predicted", names[probabilities.argmax(axis=1)])
    table.insert(0, "actual", names[figures.labels])
    return table.rename_axis("index").reset_index()
