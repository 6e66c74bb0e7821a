"""Digits of MNIST or of scikit-learn: files and checksums.

MNIST (LeCun, Cortes and Burges, 1998) has 60,000 training and 10,000 test images with 28x28 grey
levels. `check_mnist` verifies the arrays from any source. `mnist_download` downloads them.
"""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.checksums import check_checksums, write_checksums
from pipelines.digits.data.idx import idx_bytes, read_idx, write_idx

__all__ = [
    "DIGIT_NAMES",
    "MNIST_SHA256",
    "Digits",
    "check_mnist",
    "mnist_from_folder",
    "read_digits",
    "small_digits",
    "write_digits",
]

DIGIT_NAMES = tuple("0123456789")
"""Names of the classes."""

MNIST_SHA256 = {
    "train_images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train_labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "test_images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "test_labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of each array's uncompressed IDX file, header included."""

IDX_NAMES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
"""Published name of each array's IDX file."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Labelled images of single digits, in a training and a test split.

    Attributes:
        train_images: Grey levels, with background 0, uint8 [n, 28, 28].
        train_labels: Digits 0 to 9, uint8 [n].
        test_images: Grey levels, with background 0, uint8 [m, 28, 28].
        test_labels: Digits 0 to 9, uint8 [m].
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def check_mnist(digits: Digits) -> None:
    """Check that the arrays are identical to MNIST's.

    Raises:
        ValueError: If the IDX file of an array does not match `MNIST_SHA256`. The error names every
            such array.
    """
    wrong = [
        f"{name} ({_kind(array)}, SHA-256 {digest[:12]}…, expected {MNIST_SHA256[name][:12]}…)"
        for name, array in _arrays(digits).items()
        if (digest := hashlib.sha256(idx_bytes(array)).hexdigest()) != MNIST_SHA256[name]
    ]
    if wrong:
        raise ValueError(f"not the MNIST digits: {'; '.join(wrong)}")


def write_digits(folder: Path, digits: Digits) -> None:
    """Write the arrays and their checksums as uncompressed IDX files with MNIST's names."""
    for name, array in _arrays(digits).items():
        write_idx(folder / IDX_NAMES[name], array)
    write_checksums(folder)


def read_digits(folder: Path) -> Digits:
    """Load the digits that `write_digits` wrote, from MNIST or another source.

    Raises:
        FileNotFoundError: If a file is missing. The error names it.
        ValueError: If a file was changed, or the files do not match each other.
    """
    check_checksums(folder)
    return _read_idx_files(folder)


def mnist_from_folder(folder: Path) -> Digits:
    """Read MNIST from its four IDX files in a folder.

    Args:
        folder: Folder of `train-images-idx3-ubyte` and the three other published files. The name
            `train-images.idx3-ubyte` and the suffix `.gz` are also accepted.

    Raises:
        FileNotFoundError: If a file is missing. The error names the first one.
        ValueError: If a file is not a complete IDX file, or the arrays are not MNIST's.
    """
    digits = _read_idx_files(folder)
    check_mnist(digits)
    return digits


def _read_idx_files(folder: Path) -> Digits:
    digits = Digits(**{name: read_idx(_find_idx(folder, name)) for name in IDX_NAMES})
    for split in ("train", "test"):
        images, labels = getattr(digits, f"{split}_images"), getattr(digits, f"{split}_labels")
        shapes_match = images.shape[1:] == (28, 28) and labels.shape == images.shape[:1]
        if not shapes_match or not len(labels) or labels.max() > 9:
            raise ValueError(
                f"{folder}: {split} images {_kind(images)} with labels {_kind(labels)}, expected "
                "images of 28x28, each with a label 0 to 9"
            )
    return digits


def _find_idx(folder: Path, array_name: str) -> Path:
    dashed = IDX_NAMES[array_name]
    dotted = dashed.replace("-idx", ".idx")
    for name in (dashed, dotted, f"{dashed}.gz", f"{dotted}.gz"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{folder}: no {dashed}, nor {dotted}, nor either with .gz")


def small_digits() -> Digits:
    """Return the 1,797 handwritten digits of scikit-learn in the format of MNIST.

    Cubic spline interpolation enlarges the images from 8x8 to 20x20. As in MNIST, they are centred
    in 28x28 pixels. The 1,500 training and 297 test images are stratified by class.
    """
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    enlarged = zoom(
        images.reshape(-1, 8, 8) * (255 / 16),
        (1, 2.5, 2.5),
        order=3,
        mode="grid-constant",
        grid_mode=True,
    )
    pixels = np.pad(np.rint(enlarged.clip(0, 255)).astype(np.uint8), ((0, 0), (4, 4), (4, 4)))
    train_images, test_images, train_labels, test_labels = train_test_split(
        pixels, labels.astype(np.uint8), test_size=297, stratify=labels, random_state=0
    )
    return Digits(train_images, train_labels, test_images, test_labels)


def _arrays(digits: Digits) -> dict[str, NDArray[np.uint8]]:
    return {field.name: getattr(digits, field.name) for field in fields(digits)}


def _kind(array: NDArray[Any]) -> str:
    return f"{array.dtype} {list(array.shape)}"
