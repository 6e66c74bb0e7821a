"""Plots of figures: samples, mistakes, and the weights of a network's first layer."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipelines.figures.data.drawing import CLASSES
from pipelines.pictures import COLOURS, FAINT, styled_figure, symmetric_scale

__all__ = [
    "first_layer_weights",
    "misclassified_figures",
    "sample_figures",
]

BLUE, VERMILION = COLOURS[:2]
SAMPLES_OF_A_CLASS = 8
MOST_WEIGHT_IMAGES = 32


def sample_figures(images: NDArray[np.uint8], labels: NDArray[np.integer]) -> Figure:
    """Draw the first few figures of each class, a row for a class.

    Args:
        images: Figures `[count, size, size]` of zeros and ones.
        labels: Classes `[count]`, indices into `CLASSES`.

    Returns:
        The figure; the row of an absent class is empty.
    """
    shape = (len(CLASSES), SAMPLES_OF_A_CLASS)
    with styled_figure(shape[1] + 1, shape[0] + 0.5, "Sample figures") as figure:
        grid = figure.subplots(*shape, squeeze=False)
        for label, (name, row) in enumerate(zip(CLASSES, grid, strict=True)):
            samples = images[labels == label][:SAMPLES_OF_A_CLASS]
            row[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
            for axes, image in zip(row, samples, strict=False):
                show_figure(axes, image)
            for axes in row[len(samples) :]:
                hide_frame(axes)
            if not len(samples):
                row[0].text(0.5, 0.5, "none", color=FAINT, ha="center", va="center")
    return figure


def misclassified_figures(
    images: NDArray[np.uint8],
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    limit: int = 16,
) -> Figure:
    """Draw figures that were misclassified, each beside its probabilities.

    Args:
        images: Figures `[count, size, size]` of zeros and ones.
        labels: True classes `[count]`, indices into `CLASSES`.
        probabilities: Probability of each class `[count, classes]`.
        limit: Number of mistakes to show; the most confident come first.

    Returns:
        The figure; without any mistake it says so.
    """
    predicted = probabilities.argmax(axis=1)
    mistakes = np.flatnonzero(predicted != labels)
    by_confidence = np.argsort(-probabilities[mistakes].max(axis=1), kind="stable")
    shown = mistakes[by_confidence][:limit]
    if not len(shown):
        with styled_figure(6, 1.6, "Misclassified figures") as figure:
            figure.text(
                0.5, 0.4, f"None: all {len(labels):,} figures were recognised.", ha="center"
            )
        return figure

    columns = min(4, len(shown))
    rows = -(-len(shown) // columns)
    title = f"Misclassified figures: {len(mistakes):,} of {len(labels):,}"
    if len(shown) < len(mistakes):
        title += f", the {len(shown)} most confident mistakes"
    with styled_figure(max(3.4 * columns, 6), 1.75 * rows + 0.9, title) as figure:
        grid = figure.subplots(rows, 2 * columns, squeeze=False).reshape(-1, 2)
        for (picture, bars), index in zip(grid, shown, strict=False):
            show_figure(picture, images[index])
            show_probabilities(bars, probabilities[index], labels[index], predicted[index])
            heading = f"{CLASSES[labels[index]]}, taken for {CLASSES[predicted[index]]}"
            picture.set_title(heading, fontsize=9, fontweight="normal").set_in_layout(False)
        for axes in grid[len(shown) :].flat:
            hide_frame(axes)
        legend = "probability of every class; blue: the true one, orange: the mistaken one"
        figure.supxlabel(legend, fontsize=8, color=FAINT)
    return figure


def first_layer_weights(
    weights: NDArray[np.floating], names: Sequence[str] | None = None
) -> Figure:
    """Draw the weights of each unit or filter of the first layer as an image.

    Args:
        weights: Weights of the first layer `[units, height, width]`, as the pixels lie that they
            meet. Of more than 32 units, those whose weights have the largest norm are shown,
            largest first.
        names: Name of every unit, where they have any; otherwise they are numbered from 1.

    Returns:
        The figure; all images share one colour scale, symmetric about zero.

    Raises:
        ValueError: If the weights are no images.
    """
    if weights.ndim != 3:
        raise ValueError(f"weights must be images [units, height, width], got {weights.shape}")
    units = len(weights)
    chosen, title = np.arange(units), "First-layer weights"
    if units > MOST_WEIGHT_IMAGES:
        by_norm = np.argsort(-np.linalg.norm(weights.reshape(units, -1), axis=1), kind="stable")
        chosen = by_norm[:MOST_WEIGHT_IMAGES]
        title = f"First-layer weights: {len(chosen)} of {units:,} units, largest norm first"
    names = names or [f"unit {unit + 1}" for unit in range(units)]
    columns = min(8, len(chosen))
    rows = -(-len(chosen) // columns)
    scale = symmetric_scale(weights[chosen])
    cell = 1.8 if columns <= 4 else 1.1
    with styled_figure(cell * columns + 1.2, (cell + 0.2) * rows + 0.7, title) as figure:
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, unit in zip(grid.flat, chosen, strict=False):
            image = axes.imshow(weights[unit], cmap="RdBu_r", norm=scale)
            axes.set_title(names[unit], fontsize=8, fontweight="normal", loc="center")
        for axes in grid.flat:
            hide_frame(axes)
        bar = figure.colorbar(image, ax=grid, fraction=0.05, shrink=0.9, label="weight")
        bar.outline.set_visible(False)
    return figure


def show_figure(axes: Axes, image: NDArray[np.uint8]) -> None:
    """Draw a binary figure, dark on white, in a thin frame."""
    axes.imshow(image, cmap="Greys", vmin=0, vmax=1.15)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)


def show_probabilities(
    axes: Axes, probabilities: NDArray[np.floating], true: int, predicted: int
) -> None:
    """Draw bars of class probabilities; the true class in blue, the mistaken one in vermilion."""
    colours = [FAINT] * len(CLASSES)
    colours[true], colours[predicted] = BLUE, VERMILION
    bars = axes.barh(CLASSES, probabilities, color=colours, height=0.7)
    axes.bar_label(bars, fmt="%.2f", fontsize=7, padding=2)
    axes.set(xlim=(0, 1.3), xticks=[], box_aspect=1)
    axes.invert_yaxis()
    axes.grid(False)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.spines["bottom"].set_visible(False)


def hide_frame(axes: Axes) -> None:
    """Leave only what is drawn within the axes, and their labels."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.grid(False)
