"""Plots of reconstructed and generated digits.

Images are uint8. Single digits [..., 28, 28] are drawn dark on white, and stacks [..., 28, 28, 3]
in colour: channel 0 red, 1 green and 2 blue.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipelines.digits.models.training_samples import TrainingSamples
from pipelines.pictures import COLOURS, styled_figure

__all__ = [
    "latent_walks",
    "reconstructions",
    "sample_grid",
    "samples_during_training",
    "show_mosaic",
]

GAP = 2  # pixels between images
CELL = 0.64  # inches of an image in a mosaic
LABELS = 1.45  # inches left of a mosaic, for the labels of its rows


def reconstructions(
    originals: NDArray[np.uint8],
    reconstructed: NDArray[np.uint8],
    title: str,
    *,
    columns: int = 8,
) -> Figure:
    """Draw images above their reconstructions; stacks also channel by channel.

    Args:
        originals: [n, 28, 28] or [n, 28, 28, 3].
        reconstructed: Array of the same shape.
        title: Heading of the picture.
        columns: Images in a row.

    Raises:
        ValueError: If the shapes differ or there is no image.
    """
    if originals.shape != reconstructed.shape or not len(originals):
        raise ValueError(
            f"reconstructed: shape {reconstructed.shape}, that of the originals, "
            f"{originals.shape}, with at least one image, expected"
        )
    both = np.stack([originals, reconstructed])
    pairs = []
    for start in range(0, len(originals), columns):
        pair = both[:, start : start + columns]
        pairs.append(("stack" if originals.ndim == 4 else "", pair))
        if originals.ndim == 4:
            pairs += [(name, pair[..., c]) for c, name in enumerate(("red", "green", "blue"))]
    size = columns * CELL + LABELS + 0.6, len(pairs) * (2 * CELL + 0.25) + 0.7
    with styled_figure(*size, title) as figure:
        panels = figure.subplots(len(pairs), squeeze=False)[:, 0]
        for axes, (channel, pair) in zip(panels, pairs, strict=True):
            show_mosaic(axes, np.concatenate([_rows(images, columns) for images in pair]))
            axes.set_ylabel(channel)
            _name_rows(axes, originals.shape[1], ["original", "reconstruction"])
    return figure


def sample_grid(
    images: NDArray[np.uint8],
    title: str,
    *,
    real: NDArray[np.uint8] | None = None,
    columns: int = 10,
) -> Figure:
    """Draw generated images in a grid, below a row of real ones if there are any.

    Args:
        images: [n, 28, 28] or [n, 28, 28, 3].
        title: Heading of the picture.
        real: Real images to compare with, at most one row.
        columns: Images in a row.

    Raises:
        ValueError: If there is no image.
    """
    if not len(images):
        raise ValueError("images: none, at least one expected")
    cells, names = _rows(images, columns), [] if real is None else ["real", "generated"]
    if real is not None:
        cells = np.concatenate([_rows(real, columns), cells])
    size = columns * CELL + (LABELS if names else 0.2), len(cells) * CELL + 0.7
    with styled_figure(*size, title) as figure:
        axes = figure.subplots()
        show_mosaic(axes, cells)
        _name_rows(axes, images.shape[1], names)
        if names:
            axes.axhline(GAP / 2 - 0.5 + images.shape[1] + GAP, color=COLOURS[0], linewidth=3)
    return figure


def latent_walks(
    images: NDArray[np.uint8], names: Sequence[str], title: str, positions: Sequence[str] = ()
) -> Figure:
    """Draw images decoded along paths through the latents, one path in each row.

    Args:
        images: [paths, steps, 28, 28] or [paths, steps, 28, 28, 3].
        names: Name of each path.
        title: Heading of the picture.
        positions: Label of each step, or empty.

    Raises:
        ValueError: If the number of names is not the number of paths.
    """
    if len(names) != len(images):
        raise ValueError(f"names: {len(names)}, one for each of {len(images)} paths expected")
    rows, columns = images.shape[:2]
    with styled_figure(columns * CELL + LABELS, rows * CELL + 0.9, title) as figure:
        axes = figure.subplots()
        show_mosaic(axes, images)
        _name_rows(axes, images.shape[2], names)
        axes.set_xticks(_middles(images.shape[3], len(positions)), positions)
    return figure


def samples_during_training(samples: TrainingSamples, title: str) -> Figure:
    """Draw the samples recorded during a training, one row for each step.

    Args:
        samples: Images decoded from the same latents at every step.
        title: Heading of the picture.
    """
    names = [f"epoch {x:.2f}" if x < 10 else f"epoch {x:.0f}" for x in samples.epochs]
    return latent_walks(samples.images, names, title)


def show_mosaic(axes: Axes, cells: NDArray[np.uint8]) -> None:
    """Draw images side by side as one image, much faster than with axes for each.

    Args:
        axes: Axes to draw on, which lose their frame and ticks.
        cells: [rows, columns, height, width] or [rows, columns, height, width, 3].
    """
    coloured = cells.ndim == 5
    pixels = cells if coloured else 255 - cells
    rows, columns, height, width = cells.shape[:4]
    shape = (GAP + rows * (height + GAP), GAP + columns * (width + GAP), *cells.shape[4:])
    mosaic = np.full(shape, 255 if coloured else 225, dtype=np.uint8)
    for (row, column), _ in np.ndenumerate(np.empty((rows, columns))):
        top, left = GAP + row * (height + GAP), GAP + column * (width + GAP)
        mosaic[top : top + height, left : left + width] = pixels[row, column]
    axes.imshow(mosaic, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(False)


def _name_rows(axes: Axes, height: int, names: Sequence[str]) -> None:
    """Write a name beside each row of a mosaic of images of this height."""
    axes.set_yticks(_middles(height, len(names)), names)


def _middles(side: int, count: int) -> NDArray[np.float64]:
    """Return the positions of the middles of images of this side in a mosaic."""
    return GAP + (np.arange(count) + 0.5) * (side + GAP)


def _rows(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Return images in rows, [rows, columns, ...]; the last row is padded with blank images."""
    blank = 255 if images.ndim == 4 else 0  # both are drawn white
    missing = -len(images) % columns
    padding = np.full((missing, *images.shape[1:]), blank, dtype=np.uint8)
    return np.concatenate([images, padding]).reshape(-1, columns, *images.shape[1:])
