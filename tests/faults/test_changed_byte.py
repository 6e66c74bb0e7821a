"""A byte that changes in anything a stage reads is noticed, or it was one without a meaning."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.figures.dataset import read_figure_set
from pipelines.training.checkpoints import resumable
from tests.faults.inputs import INPUTS, SUMMED, checkpoint, content_of, made
from tests.pipelines.training.small_modules import regression

ALL_BYTES_UP_TO = 1500
SOME_BYTES = 200


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def changed(content: bytes) -> Iterator[bytes]:
    """Change one byte, at every place of a small file, of a large one at its ends and at random."""
    rng = np.random.default_rng(len(content))
    places = set(range(len(content)))
    if len(content) > ALL_BYTES_UP_TO:
        ends = {*range(30), *range(len(content) - 30, len(content))}
        places = ends | set(rng.integers(len(content), size=SOME_BYTES - len(ends)).tolist())
    for place in sorted(places):
        damaged = bytearray(content)
        damaged[place] ^= int(rng.integers(1, 256))
        yield bytes(damaged)


def files_of(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_is_refused_in_one_line_or_read_as_it_was(tmp_path: Path, name: str) -> None:
    path, read = made(name, tmp_path), INPUTS[name].read
    expected = content_of(read(path))
    refusals = []
    for file in files_of(path):
        whole = file.read_bytes()
        for damaged in changed(whole):
            file.write_bytes(damaged)
            try:
                found = read(path)
            except (ValueError, FileNotFoundError) as problem:
                refusals.append(str(problem))
            else:
                assert content_of(found) == expected, f"{file.name} was read as something else"
        file.write_bytes(whole)
    assert all(len(refusal.splitlines()) == 1 for refusal in refusals)
    assert len(refusals) > SOME_BYTES / 2
    assert content_of(read(path)) == expected


@pytest.mark.parametrize("name", SUMMED)
def test_in_a_folder_with_checksums_no_byte_is_without_a_meaning(tmp_path: Path, name: str) -> None:
    path = made(name, tmp_path)
    for file in files_of(path):
        whole = file.read_bytes()
        for place in {0, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
            damaged = bytearray(whole)
            damaged[place] ^= 1
            file.write_bytes(damaged)
            with pytest.raises(ValueError, match=r"SHA256SUMS|is not what was saved"):
                INPUTS[name].read(path)
        file.write_bytes(whole)


def test_a_checkpoint_is_left_aside_or_read_as_it_was(tmp_path: Path) -> None:
    checkpoint(tmp_path)
    path = tmp_path / "last.ckpt"
    whole, module = path.read_bytes(), regression()

    def state() -> object:
        return content_of(torch.load(path, map_location="cpu", weights_only=True))

    expected = state()
    left_aside = 0
    for damaged in changed(whole):
        path.write_bytes(damaged)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            usable = resumable(path, module)
        if usable:
            assert state() == expected
        else:
            (warning,) = said
            assert "checkpoint ignored, training starts afresh" in str(warning.message)
            assert len(str(warning.message).splitlines()) == 1
            left_aside += 1
    assert left_aside > SOME_BYTES / 2


def test_a_header_that_lets_numpy_read_less_than_there_is_is_noticed(tmp_path: Path) -> None:
    """NumPy compares an array with its checksum only if it has read the array to its end."""
    path = tmp_path / "figures.npz"
    rng = np.random.default_rng(0)
    parts = {}
    for name in ("train", "validation", "test"):
        parts[f"{name}_images"] = rng.integers(0, 2, (240, 30, 30), np.uint8)
        parts[f"{name}_labels"] = rng.integers(0, 4, 240)
    np.savez(path, **parts)
    whole = path.read_bytes()
    read_figure_set(path)
    path.write_bytes(whole.replace(b"(240, 30, 30)", b"(240, 30, 20)", 1))
    assert np.load(path)["train_images"].shape == (240, 30, 20)
    with pytest.raises(ValueError, match=r"train_images\.npy is damaged"):
        read_figure_set(path)
