"""Plots of a verifier: its training, its confusion matrix and its mistakes."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from pipelines.classification import classification_scores
from pipelines.digits.data.mnist import DIGIT_NAMES
from pipelines.pictures import COLOURS, FAINT, confusion_matrix, loss_curves, styled_figure

__all__ = ["confident_mistakes", "draw_verifier"]

PREDICTED, TRUE = COLOURS[1], COLOURS[2]


def draw_verifier(
    history: pd.DataFrame,
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
) -> Iterator[tuple[str, Figure]]:
    """Draw every plot of a verifier.

    Args:
        history: Of its training.
        images: Test images, grey levels [n, 28, 28].
        labels: True digits [n].
        probabilities: Probability of each digit [n, 10].

    Yields:
        Name and figure.
    """
    confusion = classification_scores(labels, probabilities, DIGIT_NAMES).confusion
    yield "loss_curves", loss_curves(history, "Training the verifier")
    yield "confusion_matrix", confusion_matrix(confusion, DIGIT_NAMES, "Test digits")
    yield "mistakes", confident_mistakes(images, labels, probabilities)


def confident_mistakes(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    limit: int = 20,
) -> Figure:
    """Draw misclassified digits with their probabilities, the most confident mistakes first.

    Args:
        images: Grey levels [n, 28, 28].
        labels: True digits [n].
        probabilities: Probability of each digit [n, 10].
        limit: Mistakes to show at most.

    Returns:
        The figure: each digit beside a bar for each class, orange for the predicted one and green
        for the true one. Without any mistake it says so.
    """
    predicted = probabilities.argmax(axis=1)
    mistakes = np.flatnonzero(predicted != labels)
    by_confidence = np.argsort(-probabilities[mistakes].max(axis=1), kind="stable")
    shown = mistakes[by_confidence][:limit]
    if not len(shown):
        with styled_figure(6, 1.6, "Misread digits") as figure:
            figure.text(0.5, 0.4, f"None: all {len(labels):,} digits were read right.", ha="center")
        return figure

    columns = min(5, len(shown))
    rows = -(-len(shown) // columns)
    title = f"Misread digits: {len(mistakes):,} of {len(labels):,}"
    if len(shown) < len(mistakes):
        title += f", the {len(shown)} most confident mistakes"
    with styled_figure(max(2.5 * columns, 6), 1.65 * rows + 0.9, title) as figure:
        cells = figure.subplots(rows, 2 * columns, squeeze=False).reshape(-1, 2)
        for (picture, bars), index in zip(cells, shown, strict=False):
            draw_digit(picture, images[index], index)
            draw_probabilities(bars, probabilities[index], labels[index], predicted[index])
            confidence = probabilities[index].max()
            heading = f"{labels[index]}, taken for {predicted[index]} ({confidence:.1%})"
            picture.set_title(heading, fontsize=9, fontweight="normal").set_in_layout(False)
        for axes in cells[len(shown) :].flat:
            axes.set_axis_off()
        figure.legend(
            handles=[Patch(color=PREDICTED, label="predicted"), Patch(color=TRUE, label="true")],
            loc="outside lower center",
            ncols=2,
        )
    return figure


def draw_digit(axes: Axes, image: NDArray[np.uint8], index: int) -> None:
    """Draw a digit in black on white, with its number among the images below."""
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
    axes.set_xlabel(f"image {index:,}", fontsize=7, color=FAINT)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(True)


def draw_probabilities(
    axes: Axes, probabilities: NDArray[np.floating], true: int, predicted: int
) -> None:
    """Draw a bar for the probability of each digit."""
    colours = [FAINT] * 10
    colours[true], colours[predicted] = TRUE, PREDICTED
    axes.barh(range(10), probabilities, color=colours)
    axes.set(xlim=(0, 1), ylim=(9.5, -0.5), xticks=[])
    axes.set_box_aspect(1)
    axes.set_yticks(range(10), [str(digit) for digit in range(10)], fontsize=7)
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)
