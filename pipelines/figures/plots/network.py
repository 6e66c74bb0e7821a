"""A network drawn: columns of units and stacks of images, and what connects them."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray

from pipelines.figures.data.drawing import CLASSES
from pipelines.figures.network import (
    Activation,
    Conv2d,
    Dense,
    Dropout,
    Layer,
    MaxPool2d,
    Network,
)
from pipelines.pictures import COLOURS, FAINT, styled_figure, symmetric_scale

__all__ = ["network_drawing"]

UNITS_SHOWN_AT_EACH_END = 4
IMAGES_SHOWN = 5
IMAGE_OFFSET = 0.2
LARGEST_IMAGE, SMALLEST_IMAGE = 4.4, 0.4


@dataclass
class Column:
    """What a network holds after a layer, for one example, and how it is drawn.

    Attributes:
        shape: `(units,)` or `(height, width, channels)`.
        role: words above it.
        work: lines of words below it: what computes it from the column before it.
        weights: its weights, if the column before it has units, too, `[units, inputs]`, or None.
        sight: side of the square of pixels before it that one of its pixels sees; 0 for units.
        is_active: whether an activation is among `work`.
    """

    shape: tuple[int, ...]
    role: str
    work: list[str] = field(default_factory=list)
    weights: NDArray[np.floating] | None = None
    sight: int = 0
    is_active: bool = False

    @property
    def is_image(self) -> bool:
        """Whether it is drawn as a stack of images."""
        return len(self.shape) == 3

    @property
    def size(self) -> str:
        """The shape in words: `1,000`, `30×30` or `26×26×8`."""
        sides = self.shape[:2] if self.shape[2:] == (1,) else self.shape
        return "×".join(f"{side:,}" for side in sides)

    @property
    def colour(self) -> str:
        """The colour of its units or images."""
        return FAINT if self.role == "input" else COLOURS[0]


class Stack(NamedTuple):
    """Where the images of a column are drawn: the first one's corner, its sides, their number."""

    left: float
    bottom: float
    width: float
    height: float
    count: int


def network_drawing(network: Network) -> Figure:
    """Draw a network from the pixels to the classes, with the shape of what every layer computes.

    Of a wide layer the first and last four units are drawn, with dots between them. Connections of
    units have the colours of their weights: red where positive, blue where negative, each layer
    relative to its largest. Images are a stack of squares, of at most five channels, and beside
    them the square of pixels that the next layer sees at once.

    Args:
        network: The network.

    Returns:
        The figure.
    """
    columns = columns_of(network)
    scale = LARGEST_IMAGE / max(network.input_shape[:2])
    places = places_of(columns, scale)
    lines = max(len(column.work) for column in columns)
    title = f"Network of {network.vector.size:,} parameters"
    with styled_figure(0.42 * (places[-1] + 5.5), 5.1 + 0.3 * lines, title) as figure:
        axes = figure.subplots()
        axes.set(xlim=(-2.4, places[-1] + 3.1), ylim=(-5.5 - 0.7 * lines, 5.2), aspect="equal")
        axes.axis("off")
        for sides, neighbours in zip(pairwise(places), pairwise(columns), strict=True):
            draw_connections(axes, sides, neighbours, scale)
        for place, column in zip(places, columns, strict=True):
            draw_column(axes, place, column, scale)
        if columns[-1].shape == (len(CLASSES),):
            for name, height in zip(CLASSES, units_shown(len(CLASSES))[1], strict=True):
                axes.text(places[-1] + 0.6, height, name, va="center", fontsize=9)
        legend = "red: positive weight, blue: negative; each layer relative to its largest"
        figure.supxlabel(legend, fontsize=8, color=FAINT)
    return figure


def columns_of(network: Network) -> list[Column]:
    """Return what is drawn: the inputs, and the outputs of every layer that gives others."""
    columns = [Column(network.input_shape, "input", ["pixels"], is_active=True)]
    weights = list(network.weights)
    for layer in network.layers:
        shape, *_ = layer.shapes(columns[-1].shape)
        match layer:
            case Dense() | Conv2d():
                own = weights.pop(0)
                number = len(network.weights) - len(weights)
                role = f"hidden {number}" if weights else "output"
                columns.append(weighted_column(layer, shape, role, own, columns[-1]))
            case MaxPool2d(size):
                work = [f"largest of {size}×{size}"]
                columns.append(Column(shape, "pooled", work, sight=size))
            case Dropout(rate):
                columns[-1].work.append(f"dropout {rate:g}")
            case Activation(name) if columns[-1].is_active:
                columns.append(Column(shape, "no weights", [name], is_active=True))
            case Activation(name):
                columns[-1].work.append(name)
                columns[-1].is_active = True
    return columns


def weighted_column(
    layer: Layer, shape: tuple[int, ...], role: str, weights: NDArray[np.floating], before: Column
) -> Column:
    """Return the column of a layer with weights."""
    if isinstance(layer, Conv2d):
        work = [f"{layer.kernel}×{layer.kernel} filters"]
        return Column(shape, role, work, sight=layer.kernel)
    return Column(shape, role, weights=None if before.is_image else weights)


def places_of(columns: list[Column], scale: float) -> NDArray[np.float64]:
    """Return the horizontal place of every column; stacks of images need more room."""
    spacing = min(max(16 / len(columns), 2.8), 5.0)
    halves = [
        stack_at(0, each, scale).width / 2 + IMAGE_OFFSET * 2 if each.is_image else 0
        for each in columns
    ]
    steps = [max(spacing, left + right + 1.6) for left, right in pairwise(halves)]
    return np.cumsum([0, *steps])


def stack_at(place: float, column: Column, scale: float) -> Stack:
    """Return where the images of a column are drawn, each pixel `scale` wide."""
    height, width, channels = column.shape
    width, height = (max(side * scale, SMALLEST_IMAGE) for side in (width, height))
    count = min(channels, IMAGES_SHOWN)
    depth = (count - 1) * IMAGE_OFFSET
    return Stack(place - (width + depth) / 2, -(height + depth) / 2, width, height, count)


def draw_column(axes: Axes, place: float, column: Column, scale: float) -> None:
    """Draw the units or the images of a column, and the words above and below it."""
    if column.is_image:
        draw_images(axes, stack_at(place, column, scale), column.colour)
    else:
        draw_units(axes, place, column.shape[0], column.colour)
    axes.text(place, 4.8, column.role, ha="center", color=FAINT, fontsize=9)
    axes.text(place, -5.2, column.size, ha="center", fontweight="bold")
    for line, words in enumerate(column.work):
        axes.text(place, -5.9 - 0.7 * line, words, ha="center", fontsize=9)


def draw_images(axes: Axes, stack: Stack, colour: str) -> None:
    """Draw a stack of squares, the first one in front."""
    for number in reversed(range(stack.count)):
        corner = (stack.left + number * IMAGE_OFFSET, stack.bottom + number * IMAGE_OFFSET)
        sides = {"width": stack.width, "height": stack.height}
        axes.add_patch(Rectangle(corner, **sides, facecolor=colour, edgecolor="white", zorder=2))


def draw_connections(
    axes: Axes, sides: tuple[float, float], columns: tuple[Column, Column], scale: float
) -> None:
    """Draw what connects two neighbouring columns."""
    before, after = columns
    if not before.is_image:
        draw_weights(axes, sides, (before.shape[0], after.shape[0]), after.weights)
        return
    stack = stack_at(sides[0], before, scale)
    if after.is_image:
        draw_sight(axes, stack, stack_at(sides[1], after, scale), after.sight * scale)
        return
    right, heights = stack.left + stack.width, units_shown(after.shape[0])[1]
    corners = [(right, stack.bottom), (right, stack.bottom + stack.height)]
    lines = np.array([[corner, (sides[1], end)] for corner in corners for end in heights])
    axes.add_collection(LineCollection(lines, colors=FAINT, linewidths=0.4, zorder=1))


def draw_sight(axes: Axes, stack: Stack, target: Stack, seen: float) -> None:
    """Draw the square amid an image that one pixel of the next one sees, and lines to that."""
    left = stack.left + (stack.width - seen) / 2
    bottom = stack.bottom + (stack.height - seen) / 2
    end = (target.left + target.width / 2, target.bottom + target.height / 2)
    square = Rectangle((left, bottom), seen, seen, facecolor="none", edgecolor="black", zorder=3)
    axes.add_patch(square)
    lines = np.array([[(left + seen, bottom), end], [(left + seen, bottom + seen), end]])
    axes.add_collection(LineCollection(lines, colors="black", linewidths=0.5, zorder=3))


def draw_weights(
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
    positions = symmetric_scale(weights)(weights.T[np.ix_(inputs, units)].ravel())
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
