"""A network drawn: columns of units, and the connections between them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from pipelines.figures.data.drawing import CLASSES
from pipelines.pictures import COLOURS, FAINT, styled_figure, symmetric_scale

__all__ = ["network_drawing"]

UNITS_SHOWN_AT_EACH_END = 4


def network_drawing(
    widths: Sequence[int],
    activations: Sequence[str],
    weights: Sequence[NDArray[np.floating]] | None = None,
) -> Figure:
    """Draw a network as columns of units, with the width and the activation of every layer.

    Of a wide layer the first and last four units are drawn, with dots between them.

    Args:
        widths: Number of inputs, then of the units of every layer.
        activations: Activation of every layer, then, where there is one, of a further output layer
            without weights (softmax).
        weights: Weights of every layer `[inputs, units]`. If given they colour the connections:
            red where positive, blue where negative, each layer relative to its largest weight.

    Returns:
        The figure.

    Raises:
        ValueError: If the numbers of widths, activations and weights do not fit together.
    """
    layers = len(widths) - 1
    if layers < 1 or len(activations) not in (layers, layers + 1):
        raise ValueError(
            f"activations must name one function for each of {layers} layers (and one of a layer"
            f" without weights), got {list(activations)}"
        )
    shapes = list(pairwise(widths))
    if weights is not None and [w.shape for w in weights] != shapes:
        raise ValueError(f"weights must have shapes {shapes}, got {[w.shape for w in weights]}")

    weightless = [None] * (len(activations) - layers)
    columns = [*widths, *[widths[-1] for _ in weightless]]
    roles = ["input", *(f"hidden {layer}" for layer in range(1, layers)), "output"]
    roles += ["no weights" for _ in weightless]
    functions = ["", *activations]
    spacing = min(max(16 / len(columns), 2.8), 5.0)
    places = spacing * np.arange(len(columns))
    title = f"Network {'-'.join(str(width) for width in widths)}"
    with styled_figure(0.42 * (places[-1] + 5.5), 5.4, title) as figure:
        axes = figure.subplots()
        axes.set(xlim=(-1.8, places[-1] + 3.7), ylim=(-6.2, 5.2), aspect="equal")
        axes.axis("off")
        matrices = [*(weights or [None] * layers), *weightless]
        gaps = zip(pairwise(places), pairwise(columns), matrices, strict=True)
        for sides, neighbours, matrix in gaps:
            draw_connections(axes, sides, neighbours, matrix)
        for place, width, role, function in zip(places, columns, roles, functions, strict=True):
            draw_units(axes, place, width, COLOURS[0] if function else FAINT)
            axes.text(place, 4.8, role, ha="center", color=FAINT, fontsize=9)
            axes.text(place, -5.2, f"{width:,}", ha="center", fontweight="bold")
            axes.text(place, -5.9, function or "pixels", ha="center", fontsize=9)
        if columns[-1] == len(CLASSES):
            for name, height in zip(CLASSES, units_shown(columns[-1])[1], strict=True):
                axes.text(places[-1] + 0.6, height, name, va="center", fontsize=9)
        if weights is not None:
            figure.supxlabel(
                "red: positive weight, blue: negative; each layer relative to its largest",
                fontsize=8,
                color=FAINT,
            )
    return figure


def draw_connections(
    axes: Axes,
    sides: tuple[float, float],
    widths: tuple[int, int],
    weights: NDArray[np.floating] | None,
) -> None:
    """Draw lines between the units shown of two neighbouring columns, the strongest on top."""
    (inputs, starts), (units, ends) = map(units_shown, widths)
    lines = np.array([[(sides[0], start), (sides[1], end)] for start in starts for end in ends])
    if weights is None:
        axes.add_collection(LineCollection(lines, colors=FAINT, linewidths=0.4, zorder=1))
        return
    positions = symmetric_scale(weights)(weights[np.ix_(inputs, units)].ravel())
    strengths = np.abs(2 * positions - 1)
    order = np.argsort(strengths)
    colours = colormaps["RdBu_r"](positions[order])
    thickness = 0.4 + 1.4 * strengths[order]
    axes.add_collection(
        LineCollection(lines[order], colors=colours, linewidths=thickness, zorder=1)
    )


def draw_units(axes: Axes, place: float, width: int, colour: str) -> None:
    """Draw one column of a network: a circle for each unit shown, dots for those left out."""
    indices, heights = units_shown(width)
    for height in heights:
        axes.add_patch(Circle((place, height), 0.34, facecolor=colour, edgecolor="white", zorder=2))
    if len(indices) < width:
        axes.plot([place] * 3, [-0.3, 0, 0.3], "o", color=colour, markersize=2.5)


def units_shown(width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the indices of the units of a layer that are drawn, and their heights."""
    ends = UNITS_SHOWN_AT_EACH_END
    if width <= 2 * ends + 1:
        return np.arange(width), (width - 1) / 2 - np.arange(width)
    heights = np.arange(ends, 0, -1.0)
    indices = np.arange(ends)
    return np.append(indices, width - ends + indices), np.append(heights, -heights[::-1])
