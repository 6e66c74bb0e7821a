"""Plots of reconstructed and generated digits and of the latents between them.

Images come as uint8: single digits [..., 28, 28] are drawn dark on white, stacks [..., 28, 28, 3]
in colour, channel 0 red, 1 green and 2 blue.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from pipelines.pictures import FAINT, styled_figure

__all__ = [
    "DIGIT_COLOURS",
    "latent_map",
    "latent_plane",
    "latent_walks",
    "reconstructions",
    "sample_grid",
    "show_mosaic",
]

DIGIT_COLOURS = tuple(colormaps["tab10"].colors)

GAP = 2  # pixels between images
CELL = 0.42  # inches of an image in a mosaic


def reconstructions(
    originals: NDArray[np.uint8],
    reconstructed: NDArray[np.uint8],
    title: str,
    *,
    columns: int = 16,
    limit: int = 64,
) -> Figure:
    """Draw images, each with its reconstruction below it.

    Args:
        originals: [n, 28, 28] or [n, 28, 28, 3].
        reconstructed: Of the same shape.
        title: Heading of the picture.
        columns: Images side by side.
        limit: Images shown, the first.

    Raises:
        ValueError: If the shapes differ or there is no image.
    """
    if originals.shape != reconstructed.shape or not len(originals):
        raise ValueError(
            f"reconstructed: shape {reconstructed.shape}, that of the originals, "
            f"{originals.shape}, with at least one image, expected"
        )
    bands = [_rows(images[:limit], columns) for images in (originals, reconstructed)]
    rows = len(bands[0])
    width = columns * CELL + 1.3
    with styled_figure(width, rows * (2 * CELL + 0.12) + 0.6, title) as figure:
        for axes, pair in zip(
            figure.subplots(rows, squeeze=False)[:, 0], zip(*bands, strict=True), strict=True
        ):
            show_mosaic(axes, np.stack(pair))
            side = originals.shape[1] + GAP
            axes.set_yticks([GAP + 0.5 * side, GAP + 1.5 * side], ["original", "reconstruction"])
            axes.tick_params(axis="y", length=0, labelsize=7)
    return figure


def sample_grid(images: NDArray[np.uint8], title: str, *, columns: int = 20) -> Figure:
    """Draw images in a grid, as they come.

    Args:
        images: [n, 28, 28] or [n, 28, 28, 3].
        title: Heading of the picture.
        columns: Images side by side.

    Raises:
        ValueError: If there is no image.
    """
    if not len(images):
        raise ValueError("images: none, at least one expected")
    cells = _rows(images, columns)
    size = (max(columns * CELL + 0.2, 3.5), len(cells) * CELL + 0.6)
    with styled_figure(*size, title) as figure:
        show_mosaic(figure.subplots(), cells)
    return figure


def latent_walks(images: NDArray[np.uint8], names: Sequence[str], title: str) -> Figure:
    """Draw walks through the latents, a row for each, from the left image to the right one.

    Args:
        images: [walks, steps, 28, 28] or [walks, steps, 28, 28, 3].
        names: What each walk leads from and to.
        title: Heading of the picture.

    Raises:
        ValueError: If not every walk has its name.
    """
    if len(names) != len(images):
        raise ValueError(f"names: {len(names)}, one for each of {len(images)} walks expected")
    walks, steps = images.shape[:2]
    with styled_figure(steps * CELL * 1.3 + 1.2, walks * CELL * 1.3 + 0.6, title) as figure:
        axes = figure.subplots()
        show_mosaic(axes, images)
        side = images.shape[2] + GAP
        axes.set_yticks(GAP + (np.arange(walks) + 0.5) * side, names)
        axes.tick_params(axis="y", length=0)
    return figure


def latent_map(plane: NDArray[np.floating], labels: NDArray[np.integer], title: str) -> Figure:
    """Draw latents in two dimensions, coloured and marked by the digit they come from.

    Args:
        plane: A point for each latent, [n, 2]; see `latent_plane`.
        labels: Digits 0 to 9, [n].
        title: Heading of the picture.

    Raises:
        ValueError: If points and labels are not as many.
    """
    if plane.shape != (len(labels), 2):
        raise ValueError(f"plane: shape {plane.shape}, {(len(labels), 2)} expected")
    with styled_figure(6.4, 6, title) as figure:
        axes = figure.subplots()
        colours = np.array(DIGIT_COLOURS)[labels]
        axes.scatter(*plane.T, s=9, c=colours, alpha=0.65, linewidths=0)
        for digit in np.unique(labels):
            # the middle of the densest part, which an outlying cluster does not move
            middle = np.median(plane[labels == digit], axis=0)
            axes.text(
                *middle,
                str(digit),
                fontsize=13,
                fontweight="bold",
                ha="center",
                va="center",
                color=np.multiply(DIGIT_COLOURS[digit], 0.6),
                bbox={"boxstyle": "circle,pad=0.25", "fc": "white", "ec": "none", "alpha": 0.85},
            )
        axes.set(xticks=[], yticks=[])
        axes.grid(False)
        axes.spines[:].set_visible(False)
    return figure


def latent_plane(latents: Tensor, *, seed: int) -> NDArray[np.float32]:
    """Lay latents out in two dimensions so that neighbours stay neighbours, by t-SNE.

    Van der Maaten and Hinton (2008). It starts from the principal components, and takes some
    seconds for 2,000 latents; distances between clusters mean little. Half of scikit-learn's
    iterations and a coarser approximation keep neighbours as well (trustworthiness 0.951 and
    0.950) in a third of the time.

    Args:
        latents: [n, dimension], n more than 30.
        seed: Of what little is random.

    Returns:
        [n, 2].
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # its thousands of short parallel loops stand still wherever another process has a core
    with threadpool_limits(1):
        plane = TSNE(init="pca", max_iter=500, angle=0.8, random_state=seed)
        return plane.fit_transform(latents.numpy())


def show_mosaic(axes: Axes, cells: NDArray[np.uint8]) -> None:
    """Draw images side by side as one image, much faster than on an axes each.

    Args:
        axes: Where; its frame and ticks are taken away.
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
    axes.tick_params(labelcolor=FAINT)
    axes.spines[:].set_visible(False)
    axes.grid(False)


def _rows(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Return images in rows, [rows, columns, ...]; the last row is padded with blank ones."""
    blank = 255 if images.ndim == 4 else 0  # white, either way of drawing
    missing = -len(images) % columns
    padding = np.full((missing, *images.shape[1:]), blank, dtype=np.uint8)
    return np.concatenate([images, padding]).reshape(-1, columns, *images.shape[1:])
