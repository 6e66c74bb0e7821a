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
    noise_free_figures,
    sample_figures,
)
from pipelines.figures.plots.network import network_drawing
from pipelines.pictures import confusion_matrix, loss_curves

__all__ = ["draw_classifier"]

LOSS_LABELS = {
    "mean_squared_error": "mean squared error",
    "binary_cross_entropy": "binary cross-entropy (nats)",
    "categorical_cross_entropy": "cross-entropy (nats)",
}


def draw_classifier(
    name: str,
    classifier: NetworkClassifier,
    history: pd.DataFrame,
    test: Figures,
    *,
    centred: bool = False,
) -> Iterator[tuple[str, Figure]]:
    """Draw every plot of a classifier.

    Args:
        name: Name of the model, for the titles.
        classifier: The trained classifier.
        history: Metrics of each epoch of its training.
        test: Figures that it was not trained on.
        centred: Whether the figures fill the canvas; decides the noise-free examples.

    Yields:
        Name and figure.
    """
    network, probabilities = classifier.network_, classifier.predict_proba(test.pixels)
    weights, units = network.weights[0], None if classifier.layers else CLASSES
    kind = "first-layer weights"
    if weights.ndim == 4:
        weights, units = weights[..., 0], [f"filter {i}" for i in range(1, len(weights) + 1)]
        kind = "filters of the first layer"
    else:
        weights = weights.reshape(-1, *test.images.shape[1:])
    confusion = classification_scores(test.labels, probabilities, CLASSES).confusion
    clean = noise_free_figures(test.images.shape[1], centred)
    loss = LOSS_LABELS[classifier.loss]
    yield (
        "figures",
        sample_figures(test.images, test.labels, f"Sample figures of {name}", noise_free=clean),
    )
    yield "loss_curves", loss_curves(history, f"Training of {name}", loss=loss)
    yield "confusion_matrix", confusion_matrix(confusion, CLASSES, f"Confusion matrix of {name}")
    yield "first_layer_weights", first_layer_weights(weights, units, f"{name}: {kind}")
    yield "network", network_drawing(network, name)
    title = f"Test figures misclassified by {name}"
    yield "mistakes", misclassified_figures(test.images, test.labels, probabilities, title)
