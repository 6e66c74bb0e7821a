"""Drawing of a network: a column of units or a stack of images per layer, and connections."""

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
from pipelines.figures.network import Activation, Conv2d, Dense, Dropout, MaxPool2d, Network
from pipelines.pictures import COLOURS, FAINT, SMALL, styled_figure, symmetric_scale

__all__ = ["network_drawing"]

UNITS_SHOWN_AT_EACH_END = 4
IMAGES_SHOWN = 5
IMAGE_OFFSET = 0.2
LARGEST_IMAGE, SMALLEST_IMAGE = 3.6, 0.4


@dataclass
class Column:
    """The values of one example after a layer, and how they are drawn.

    Attributes:
        shape: `(units,)` or `(height, width, channels)`.
        role: text above the column.
        work: lines of text below it: what computes it from the previous column.
        weights: weights `[units, inputs]` between two columns of units, or None.
        field_size: side in pixels of the receptive field in the previous images; 0 for units.
        is_active: whether `work` has an activation.
    """

    shape: tuple[int, ...]
    role: str
    work: list[str] = field(default_factory=list)
    weights: NDArray[np.floating] | None = None
    field_size: int = 0
    is_active: bool = False

    @property
    def is_image(self) -> bool:
        """Whether the column is a stack of images."""
        return len(self.shape) == 3

    @property
    def size(self) -> str:
        """The shape as text: `1,000`, `30×30` or `26×26×8`."""
        sides = self.shape[:2] if self.shape[2:] == (1,) else self.shape
        return "×".join(f"{side:,}" for side in sides)


class Stack(NamedTuple):
    """Place of a stack of images: lower left corner and sides of the first, number of images."""

    left: float
    bottom: float
    width: float
    height: float
    count: int


def network_drawing(network: Network, name: str = "Network") -> Figure:
    """Draw a network from the pixels to the classes, with the shape of each layer's output.

    Of a wide layer the first and last four units are drawn, with dots between them. Connections
    between units have the colours of their weights: red where positive, blue where negative, each
    layer relative to its largest. Images are a stack of at most five squares, with the receptive
    field of one pixel of the next layer.

    Args:
        network: The network.
        name: Name of the model, for the title.

    Returns:
        The figure.
    """
    columns = columns_of(network)
    scale = LARGEST_IMAGE / max(network.input_shape[:2])
    places = places_of(columns, scale)
    lines = max(len(column.work) for column in columns)
    title = f"{name}: {network.vector.size:,} parameters"
    width = max(0.4 * (places[-1] + 6), 6)  # the note below it needs 6 inches
    with styled_figure(width, 4.9 + 0.34 * lines, title) as figure:
        axes = figure.subplots()
        axes.set(xlim=(-2.2, places[-1] + 3.8), ylim=(-5.6 - 0.8 * lines, 5.4), aspect="equal")
        axes.axis("off")
        for sides, neighbours in zip(pairwise(places), pairwise(columns), strict=True):
            draw_connections(axes, sides, neighbours, scale)
        for place, column in zip(places, columns, strict=True):
            draw_column(axes, place, column, scale)
        if columns[-1].shape == (len(CLASSES),):
            for class_name, height in zip(CLASSES, units_shown(len(CLASSES))[1], strict=True):
                axes.text(places[-1] + 0.6, height, class_name, va="center")
        if any(column.weights is not None for column in columns):
            note = "Red: positive weight, blue: negative, relative to the layer's largest."
            figure.supxlabel(note, fontsize=SMALL)
    return figure


def columns_of(network: Network) -> list[Column]:
    """Return a column for the inputs and one for each layer with an output of its own."""
    columns = [Column(network.input_shape, "input", ["pixels"], is_active=True)]
    weights = list(network.weights)
    for layer in network.layers:
        before = columns[-1]
        shape, *_ = layer.shapes(before.shape)
        if isinstance(layer, Dense | Conv2d):
            own = weights.pop(0)
            number = len(network.weights) - len(weights)
            columns.append(Column(shape, f"hidden {number}" if weights else "output"))
        match layer:
            case Dense():
                columns[-1].weights = None if before.is_image else own
            case Conv2d():
                columns[-1].work.append(f"{layer.kernel}×{layer.kernel} filters")
                columns[-1].field_size = layer.kernel
            case MaxPool2d(size):
                work = [f"{size}×{size} maximum"]
                columns.append(Column(shape, "pooled", work, field_size=size))
            case Dropout(rate):
                before.work.append(f"dropout {rate:g}")
            case Activation(name) if before.is_active:
                columns.append(Column(shape, "no weights", [name], is_active=True))
            case Activation(name):
                before.work.append(name)
                before.is_active = True
    return columns


def places_of(columns: list[Column], scale: float) -> NDArray[np.float64]:
    """Return the horizontal place of each column; stacks of images need more room."""
    spacing = min(max(14 / len(columns), 2.5), 4.6)
    halves = [
        stack_at(0, each, scale).width / 2 + IMAGE_OFFSET * 2 if each.is_image else 0
        for each in columns
    ]
    steps = [max(spacing, left + right + 1.2) for left, right in pairwise(halves)]
    return np.cumsum([0, *steps])


def stack_at(place: float, column: Column, scale: float) -> Stack:
    """Return the place of a column of images whose pixels are `scale` wide."""
    height, width, channels = column.shape
    width, height = (max(side * scale, SMALLEST_IMAGE) for side in (width, height))
    count = min(channels, IMAGES_SHOWN)
    depth = (count - 1) * IMAGE_OFFSET
    return Stack(place - (width + depth) / 2, -(height + depth) / 2, width, height, count)


def draw_column(axes: Axes, place: float, column: Column, scale: float) -> None:
    """Draw the units or the images of a column, and the text above and below it."""
    colour = FAINT if column.role == "input" else COLOURS[0]
    if column.is_image:
        draw_images(axes, stack_at(place, column, scale), colour)
    else:
        draw_units(axes, place, column.shape[0], colour)
    axes.text(place, 4.8, column.role, ha="center", color=FAINT)
    axes.text(place, -5.3, column.size, ha="center", fontsize=12, fontweight="bold")
    for line, text in enumerate(column.work):
        axes.text(place, -6.1 - 0.8 * line, text, ha="center")


def draw_images(axes: Axes, stack: Stack, colour: str) -> None:
    """Draw a stack of squares, the first one in front."""
    for number in reversed(range(stack.count)):
        corner = (stack.left + number * IMAGE_OFFSET, stack.bottom + number * IMAGE_OFFSET)
        sides = {"width": stack.width, "height": stack.height}
        axes.add_patch(Rectangle(corner, **sides, facecolor=colour, edgecolor="white", zorder=2))


def draw_connections(
    axes: Axes, sides: tuple[float, float], columns: tuple[Column, Column], scale: float
) -> None:
    """Draw the connections between two neighbouring columns."""
    before, after = columns
    if not before.is_image:
        draw_weights(axes, sides, (before.shape[0], after.shape[0]), after.weights)
        return
    stack = stack_at(sides[0], before, scale)
    if after.is_image:
        draw_field(axes, stack, stack_at(sides[1], after, scale), after.field_size * scale)
        return
    right, heights = stack.left + stack.width, units_shown(after.shape[0])[1]
    corners = [(right, stack.bottom), (right, stack.bottom + stack.height)]
    lines = np.array([[corner, (sides[1], end)] for corner in corners for end in heights])
    axes.add_collection(LineCollection(lines, colors=FAINT, linewidths=0.4, zorder=1))


def draw_field(axes: Axes, stack: Stack, target: Stack, side: float) -> None:
    """Draw the receptive field of one pixel of the next image, and lines to that image."""
    left = stack.left + (stack.width - side) / 2
    bottom = stack.bottom + (stack.height - side) / 2
    end = (target.left + target.width / 2, target.bottom + target.height / 2)
    square = Rectangle((left, bottom), side, side, facecolor="none", edgecolor="black", zorder=3)
    axes.add_patch(square)
    lines = np.array([[(left + side, bottom), end], [(left + side, bottom + side), end]])
    axes.add_collection(LineCollection(lines, colors="black", linewidths=0.5, zorder=3))


def draw_weights(
    axes: Axes,
    sides: tuple[float, float],
    widths: tuple[int, int],
    weights: NDArray[np.floating] | None,
) -> None:
    """Draw lines between the units of two neighbouring columns, the strongest on top."""
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
    """Draw a column of units: a circle for each unit shown, dots for the others."""
    indices, heights = units_shown(width)
    for height in heights:
        axes.add_patch(Circle((place, height), 0.34, facecolor=colour, edgecolor="white", zorder=2))
    if len(indices) < width:
        axes.plot([place] * 3, [-0.3, 0, 0.3], "o", color=colour, markersize=2.5)


def units_shown(width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the indices of the units of a layer that are drawn, and their vertical places."""
    ends = UNITS_SHOWN_AT_EACH_END
    if width <= 2 * ends + 1:
        return np.arange(width), (width - 1) / 2 - np.arange(width)
    heights = np.arange(ends, 0, -1.0)
    indices = np.arange(ends)
    return np.append(indices, width - ends + indices), np.append(heights, -heights[::-1])
