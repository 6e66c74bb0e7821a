"""Every plot of a classifier: its data, training, weights and mistakes."""

from collections.abc import Iterator

import pandas as pd
from matplotlib.figure import Figure

from pipelines.classification import classification_scores
from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.data.dataset import Figures
from pipelines.figures.data.drawing import CLASSES
from pipelines.figures.plots.figures import (
    first_layer_weights,
    misclassified_figures,
    sample_figures,
)
from pipelines.figures.plots.network import network_drawing
from pipelines.pictures import confusion_matrix, loss_curves

__all__ = ["draw_classifier"]


def draw_classifier(
    name: str, classifier: NetworkClassifier, history: pd.DataFrame, test: Figures
) -> Iterator[tuple[str, Figure]]:
    """Draw every plot of a classifier.

    Args:
        name: Of the model, for the titles.
        classifier: The trained classifier.
        history: Of its training.
        test: Figures that it was not trained on.

    Yields:
        Name and figure.
    """
    network, probabilities = classifier.network_, classifier.predict_proba(test.pixels)
    weights, units = network.weights[0], None if classifier.layers else CLASSES
    if weights.ndim == 4:
        weights, units = weights[..., 0], [f"filter {i}" for i in range(1, len(weights) + 1)]
    else:
        weights = weights.reshape(-1, *test.images.shape[1:])
    confusion = classification_scores(test.labels, probabilities, CLASSES).confusion
    yield "figures", sample_figures(test.images, test.labels)
    yield "loss_curves", loss_curves(history, f"Training {name}")
    yield "confusion_matrix", confusion_matrix(confusion, CLASSES, f"Test figures, {name}")
    yield "first_layer_weights", first_layer_weights(weights, units)
    yield "network", network_drawing(network)
    yield "mistakes", misclassified_figures(test.images, test.labels, probabilities)
