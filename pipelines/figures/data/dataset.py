"""A data set of figures with three disjoint splits, and its file."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.data.drawing import CLASSES, draw_figures, split_indices

__all__ = ["SPLITS", "FigureSet", "Figures", "draw_figure_set", "read_figure_set"]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Figures:
    """Binary images `[count, size, size]` and their labels `[count]`."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The images as the feature matrix of an estimator, `[count, size * size]`."""
        return self.images.reshape(len(self.images), -1)


@dataclass(frozen=True)
class FigureSet:
    """Figures in a training, a validation and a test split."""

    train: Figures
    validation: Figures
    test: Figures

    def write(self, path: Path) -> None:
        """Write the set as a compressed `.npz` file; equal sets give equal bytes."""
        arrays = {}
        for name in SPLITS:
            split: Figures = getattr(self, name)
            arrays |= {f"{name}_images": split.images, f"{name}_labels": split.labels}
        with path.open("wb") as file:  # with a path, savez would add a suffix
            np.savez_compressed(file, **arrays)


def draw_figure_set(
    count: int,
    size: int,
    noise: float,
    centred: bool,
    fractions: tuple[float, float, float],
    rng: np.random.Generator,
) -> FigureSet:
    """Draw figures and split them at random.

    Args:
        count: Number of figures in all three splits together.
        size: Height and width of the canvas in pixels.
        noise: Probability that a set pixel moves, and that an empty pixel is set.
        centred: Whether the figures fill the canvas.
        fractions: Fractions of the training, validation and test split; they sum to 1.
        rng: Random number generator.

    Returns:
        The data set.

    Raises:
        ValueError: If `draw_figures` or `split_indices` rejects an argument, or the training split
            has no figure of a class.
    """
    images, labels = draw_figures(count, size, noise, centred, rng)
    splits = split_indices(count, fractions, rng)
    absent = set(range(len(CLASSES))) - set(labels[splits[0]].tolist())
    if absent:
        raise ValueError(f"count={count} leaves no {CLASSES[min(absent)]} to train on; draw more")
    return FigureSet(*(Figures(images[indices], labels[indices]) for indices in splits))


def read_figure_set(path: Path) -> FigureSet:
    """Read a data set written by `FigureSet.write`.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is damaged or is not a data set of figures.
    """
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # NumPy verifies the checksum of an array only if its header is intact
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"{damaged} is damaged")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            splits = [
                Figures(arrays[f"{name}_images"], arrays[f"{name}_labels"]) for name in SPLITS
            ]
    except Exception as error:
        # a damaged file can raise any exception
        reason = " ".join(str(error).split())
        raise ValueError(f"{path.name} is not a data set of figures: {reason}") from None
    for split in splits:
        if split.images.ndim != 3 or split.labels.shape != split.images.shape[:1]:
            raise ValueError(f"{path.name} is not a data set of figures: shapes do not fit")
    return FigureSet(*splits)
