"""Plots of the verifier: its training, its confusion matrix and its mistakes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from pipelines.classification import classification_scores
from pipelines.digits.data.mnist import DIGIT_NAMES
from pipelines.pictures import (
    COLOURS,
    FAINT,
    SMALL,
    confusion_matrix,
    loss_curves,
    styled_figure,
)

__all__ = ["confident_mistakes", "draw_verifier"]

PREDICTED, TRUE = COLOURS[1], COLOURS[2]


def draw_verifier(
    history: pd.DataFrame,
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
) -> Iterator[tuple[str, Figure]]:
    """Draw every plot of the verifier.

    Args:
        history: Metrics of each epoch of its training.
        images: Test images, grey levels [n, 28, 28].
        labels: True digits [n].
        probabilities: Probability of each digit [n, 10].

    Yields:
        Name and figure.
    """
    confusion = classification_scores(labels, probabilities, DIGIT_NAMES).confusion
    yield (
        "loss_curves",
        loss_curves(history, "Training of the verifier", loss="cross-entropy (nats)"),
    )
    yield "confusion_matrix", confusion_matrix(confusion, DIGIT_NAMES, "Test digits, verifier")
    yield "mistakes", confident_mistakes(images, labels, probabilities)


def confident_mistakes(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    limit: int = 6,
) -> Figure:
    """Draw misclassified digits with their probabilities, the most confident mistakes first.

    Args:
        images: Grey levels [n, 28, 28].
        labels: True digits [n].
        probabilities: Probability of each digit [n, 10].
        limit: Maximum number of mistakes to draw.

    Returns:
        The figure: each digit beside a bar chart of its probabilities, orange for the predicted
        digit and green for the true one. Without any mistake, a line of text.
    """
    predicted = probabilities.argmax(axis=1)
    mistakes = np.flatnonzero(predicted != labels)
    by_confidence = np.argsort(-probabilities[mistakes].max(axis=1), kind="stable")
    shown = mistakes[by_confidence][:limit]
    if not len(shown):
        with styled_figure(6, 1.6, "Misclassified test digits") as figure:
            figure.text(0.5, 0.4, f"None: all {len(labels):,} digits are correct.", ha="center")
        return figure

    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    title = f"Verifier: {len(mistakes):,} of {len(labels):,} digits misclassified"
    if len(shown) < len(mistakes):
        title += f", {len(shown)} shown"
    with styled_figure(7, 2.1 * rows + 1, title) as figure:
        cells = figure.subplots(rows, 2 * columns, squeeze=False).reshape(-1, 2)
        for (picture, bars), index in zip(cells, shown, strict=False):
            draw_digit(picture, images[index], index)
            draw_probabilities(bars, probabilities[index], labels[index], predicted[index])
            confidence = probabilities[index].max()
            heading = f"{labels[index]} predicted as {predicted[index]} ({confidence:.1%})"
            picture.set_title(heading, fontsize=SMALL, fontweight="normal").set_in_layout(False)
        for axes in cells[len(shown) :].flat:
            axes.set_axis_off()
        figure.legend(
            handles=[Patch(color=PREDICTED, label="predicted"), Patch(color=TRUE, label="true")],
            loc="outside lower center",
            ncols=2,
        )
    return figure


def draw_digit(axes: Axes, image: NDArray[np.uint8], index: int) -> None:
    """Draw a digit in black on white above its index."""
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
    axes.set_xlabel(f"image {index:,}", fontsize=SMALL, color=FAINT)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(True)


def draw_probabilities(
    axes: Axes, probabilities: NDArray[np.floating], true: int, predicted: int
) -> None:
    """Draw a bar for the probability of each digit, from 0 to 1."""
    colours = [FAINT] * 10
    colours[true], colours[predicted] = TRUE, PREDICTED
    axes.barh(range(10), probabilities, color=colours)
    axes.set(xlim=(0, 1), ylim=(9.5, -0.5))
    axes.set_xticks([0, 1], ["0", "1"], fontsize=SMALL)
    axes.set_xlabel("probability", fontsize=SMALL, color=FAINT)
    axes.set_box_aspect(1)
    axes.set_yticks(range(10), [str(digit) for digit in range(10)], fontsize=9)
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)
