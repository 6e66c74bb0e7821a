"""A set of figures in three disjoint parts, and its file."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.data.drawing import CLASSES, draw_figures, split_indices

__all__ = ["PARTS", "FigureSet", "Figures", "draw_figure_set", "read_figure_set"]

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Figures:
    """Images `[count, size, size]` of zeros and ones (uint8) with their labels `[count]`."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The images as rows, `[count, size * size]`, as an estimator takes them."""
        return self.images.reshape(len(self.images), -1)


@dataclass(frozen=True)
class FigureSet:
    """Figures for training, for validation and for the final test."""

    train: Figures
    validation: Figures
    test: Figures

    def write(self, path: Path) -> None:
        """Write the set as a compressed `.npz` file, the same bytes for the same figures."""
        arrays = {}
        for name in PARTS:
            part: Figures = getattr(self, name)
            arrays |= {f"{name}_images": part.images, f"{name}_labels": part.labels}
        with path.open("wb") as file:  # given a path, savez would add a suffix
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
        count: figures in all three parts together.
        size: side of the canvas in pixels.
        noise: probability that a set pixel moves and that an empty one is set.
        centred: whether the figures fill the canvas.
        fractions: shares for training, validation and test; they sum to 1.
        rng: source of all randomness.

    Returns:
        The set; see `draw_figures` and `split_indices` for what else they refuse.

    Raises:
        ValueError: there are so few figures that a class has none to train on.
    """
    images, labels = draw_figures(count, size, noise, centred, rng)
    parts = split_indices(count, fractions, rng)
    missing = set(range(len(CLASSES))) - set(labels[parts[0]].tolist())
    if missing:
        raise ValueError(f"count={count} leaves no {CLASSES[min(missing)]} to train on; draw more")
    return FigureSet(*(Figures(images[part], labels[part]) for part in parts))


def read_figure_set(path: Path) -> FigureSet:
    """Read a set that `FigureSet.write` wrote.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: the file is damaged or no such set; the message names it.
    """
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # NumPy looks at the checksum of an array only if its header lets it read to the end
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"{damaged} is damaged")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            parts = [Figures(arrays[f"{name}_images"], arrays[f"{name}_labels"]) for name in PARTS]
    except Exception as error:
        # a damaged file can raise anything at all
        reason = " ".join(str(error).split())
        raise ValueError(f"{path.name} is no set of figures: {reason}") from None
    for part in parts:
        if part.images.ndim != 3 or part.labels.shape != part.images.shape[:1]:
            raise ValueError(f"{path.name} is no set of figures: shapes do not fit")
    return FigureSet(*parts)
