"""Plots of figures: samples, mistakes, and the weights of a network's first layer."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from numpy.typing import NDArray

from pipelines.figures.data.drawing import CLASSES, draw_figures
from pipelines.pictures import COLOURS, FAINT, SMALL, styled_figure, symmetric_scale

__all__ = [
    "first_layer_weights",
    "misclassified_figures",
    "noise_free_figures",
    "sample_figures",
    "show_predictions",
]

BLUE, VERMILION = COLOURS[:2]
SAMPLES_PER_CLASS = 3
MAX_WEIGHT_IMAGES = 16


def noise_free_figures(size: int, centred: bool) -> NDArray[np.uint8]:
    """Draw one figure of each class without noise, `[classes, size, size]`.

    Args:
        size: Height and width in pixels.
        centred: Whether the figures fill the canvas.
    """
    rng = np.random.default_rng(0)
    images, labels = draw_figures(len(CLASSES), size, 0, centred, rng)
    return images[np.argsort(labels)]


def sample_figures(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    title: str = "Sample figures",
    *,
    noise_free: NDArray[np.uint8] | None = None,
) -> Figure:
    """Draw the first figures of each class, one column per class.

    Args:
        images: Figures `[count, size, size]` of zeros and ones.
        labels: Classes `[count]`, indices into `CLASSES`.
        title: Heading of the picture.
        noise_free: One figure of each class without noise, for a first row.

    Returns:
        The figure. The column of a missing class is empty.
    """
    columns = [images[labels == label][:SAMPLES_PER_CLASS] for label in range(len(CLASSES))]
    names = [""] * SAMPLES_PER_CLASS
    if noise_free is not None:
        columns = [
            np.stack([first, *rest]) for first, rest in zip(noise_free, columns, strict=True)
        ]
        names = ["no noise", *["with noise"] * SAMPLES_PER_CLASS]
    with styled_figure(7, 1.6 * len(names) + 0.8, title) as figure:
        grid = figure.subplots(len(names), len(CLASSES), squeeze=False)
        for axes in grid.flat:
            hide_frame(axes)
        for class_name, cells, column in zip(CLASSES, grid.T, columns, strict=True):
            cells[0].set_title(class_name, loc="center")
            for axes, image in zip(cells, column, strict=False):
                show_figure(axes, image)
            if not len(column):
                cells[0].text(0.5, 0.5, "none", color=FAINT, ha="center", va="center")
        for name, axes in zip(names, grid[:, 0], strict=True):
            axes.set_ylabel(name)
    return figure


def misclassified_figures(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    title: str = "Misclassified figures",
    *,
    limit: int = 6,
) -> Figure:
    """Draw figures that were misclassified, each beside its class probabilities.

    Args:
        images: Figures `[count, size, size]` of zeros and ones.
        labels: True classes `[count]`, indices into `CLASSES`.
        probabilities: Probability of each class `[count, classes]`.
        title: Heading of the picture; the number of mistakes is added.
        limit: Number of mistakes to show, those with the largest probability of a wrong class.

    Returns:
        The figure. It says so if there is no mistake.
    """
    predicted = probabilities.argmax(axis=1)
    mistakes = np.flatnonzero(predicted != labels)
    by_confidence = np.argsort(-probabilities[mistakes].max(axis=1), kind="stable")
    shown = mistakes[by_confidence][:limit]
    title = f"{title}: {len(mistakes):,} of {len(labels):,}"
    if not len(shown):
        with styled_figure(6.5, 1.5, title) as figure:
            figure.text(0.5, 0.35, "Every figure is classified correctly.", ha="center")
        return figure

    rows = -(-len(shown) // 2)
    with styled_figure(8, 2.1 * rows + 0.9, title) as figure:
        grid = figure.subplots(rows, 4, squeeze=False, width_ratios=(1.3, 1, 1.3, 1))
        grid = grid.reshape(-1, 2)
        for (picture, bars), index in zip(grid, shown, strict=False):
            show_figure(picture, images[index])
            show_probabilities(bars, probabilities[index], labels[index], predicted[index])
            heading = f"true: {CLASSES[labels[index]]}, predicted: {CLASSES[predicted[index]]}"
            picture.set_title(heading, fontsize=11, fontweight="normal").set_in_layout(False)
            bars.set_title(" ")  # the space of the heading, which may be wider than its picture
        for axes in grid[len(shown) :].flat:
            hide_frame(axes)
        most = f"The {len(shown)} with the largest" if len(shown) < len(mistakes) else "Sorted by"
        note = f"{most} probability of a wrong class. Blue: true class, orange: predicted class."
        figure.supxlabel(note, fontsize=SMALL)
    return figure


def first_layer_weights(
    weights: NDArray[np.floating],
    names: Sequence[str] | None = None,
    title: str = "First-layer weights",
) -> Figure:
    """Draw the weights of each unit or filter of the first layer as an image.

    Args:
        weights: Weights of the first layer `[units, height, width]`, arranged like the pixels.
            Of more than 16 units, those whose weights have the largest norm are shown, largest
            first.
        names: Name of each unit; by default units are numbered from 1.
        title: Heading of the picture.

    Returns:
        The figure. All images share one colour scale, symmetric about zero.

    Raises:
        ValueError: If the weights are not images.
    """
    if weights.ndim != 3:
        raise ValueError(f"weights must be images [units, height, width], got {weights.shape}")
    units = len(weights)
    shown = np.arange(units)
    if units > MAX_WEIGHT_IMAGES:
        by_norm = np.argsort(-np.linalg.norm(weights.reshape(units, -1), axis=1), kind="stable")
        shown = by_norm[:MAX_WEIGHT_IMAGES]
        title += f", the {len(shown)} largest of {units:,} units"
    names = names or [f"unit {unit + 1}" for unit in range(units)]
    columns = min(4, len(shown))
    rows = -(-len(shown) // columns)
    scale = symmetric_scale(weights[shown])
    with styled_figure(1.6 * columns + 1.2, 1.75 * rows + 0.7, title) as figure:
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, unit in zip(grid.flat, shown, strict=False):
            image = axes.imshow(weights[unit], cmap="RdBu_r", norm=scale)
            axes.set_title(names[unit], fontsize=11, fontweight="normal", loc="center")
        for axes in grid.flat:
            hide_frame(axes)
        bar = figure.colorbar(image, ax=grid, fraction=0.05, shrink=0.9, label="weight")
        bar.outline.set_visible(False)
    return figure


def show_predictions(
    figure: FigureBase, images: NDArray[np.uint8], predictions: pd.DataFrame
) -> None:
    """Draw one correctly classified figure of each class, with the predicted probability.

    Args:
        figure: Figure or subfigure to draw on.
        images: Figures `[count, size, size]` of zeros and ones.
        predictions: Their rows of `evaluation.prediction_table`.
    """
    correct = predictions[predictions["predicted"] == predictions["actual"]]
    examples = correct.drop_duplicates("actual").sort_values("actual")
    grid = figure.subplots(2, 2)
    for axes in grid.flat:
        hide_frame(axes)
    for axes, (_, row) in zip(grid.flat, examples.iterrows(), strict=False):
        show_figure(axes, images[row["index"]])
        heading = f"{row['predicted']} {row[row['predicted']]:.1%}"
        axes.set_title(heading, loc="center", fontsize=11, fontweight="normal")


def show_figure(axes: Axes, image: NDArray[np.uint8]) -> None:
    """Draw a binary figure, dark on white, in a thin frame."""
    axes.imshow(image, cmap="Greys", vmin=0, vmax=1.15)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)


def show_probabilities(
    axes: Axes, probabilities: NDArray[np.floating], true: int, predicted: int
) -> None:
    """Draw bars of class probabilities: the true class in blue, a wrong prediction in orange."""
    colours = [FAINT] * len(CLASSES)
    colours[true], colours[predicted] = BLUE, VERMILION
    bars = axes.barh(CLASSES, probabilities, color=colours, height=0.7)
    axes.bar_label(bars, fmt="%.2f", fontsize=SMALL, padding=2)
    axes.set(xlim=(0, 1.5), xticks=[])
    axes.invert_yaxis()
    axes.grid(False)
    axes.tick_params(axis="y", length=0)
    axes.spines["bottom"].set_visible(False)


def hide_frame(axes: Axes) -> None:
    """Hide the frame, the ticks and the grid of the axes."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.grid(False)
