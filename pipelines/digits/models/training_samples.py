"""Samples of an autoencoder during its training, as a file."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["TrainingSamples", "load_training_samples", "save_training_samples"]

FILE_NAME = "samples_during_training.npz"


class TrainingSamples(NamedTuple):
    """Images decoded from the same latents at several steps of a training.

    Attributes:
        epochs: Epochs trained before each recording, fractions included, [recordings].
        images: uint8 [recordings, samples, 28, 28], or stacks [recordings, samples, 28, 28, 3].
    """

    epochs: NDArray[np.float64]
    images: NDArray[np.uint8]


def save_training_samples(samples: TrainingSamples, folder: Path) -> None:
    """Write the samples as an NPZ file; the same samples give the same bytes."""
    with (folder / FILE_NAME).open("wb") as file:
        np.savez_compressed(file, **samples._asdict())


def load_training_samples(folder: Path) -> TrainingSamples:
    """Load what `save_training_samples` wrote.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is damaged.
    """
    path = folder / FILE_NAME
    try:
        with np.load(path) as arrays:
            return TrainingSamples(**arrays)
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged archive can raise anything at all
        raise ValueError(f"{path}: not samples of a training: {error}") from error
