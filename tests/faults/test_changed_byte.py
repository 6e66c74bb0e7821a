"""A changed byte in any input of a stage is detected, and `dvc repro` restores the file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.figures.data.dataset import read_figure_set
from tests.faults.inputs import FILES, WITH_CHECKSUMS, assert_refused, copy_of, files_of
from tests.workflow.project import Project

RESULTS = "results/figures/demo_1"


def change_byte(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.unlink()  # may be a link to DVC's cache
    path.write_bytes(content)


def with_one_byte_changed(content: bytes, count: int) -> Iterator[bytes]:
    """Yield copies with one changed byte, at both ends and at random positions."""
    rng = np.random.default_rng(len(content))
    ends = {*range(30), *range(len(content) - 30, len(content))}
    for place in sorted(ends | set(rng.integers(len(content), size=count).tolist())):
        damaged = bytearray(content)
        damaged[place] ^= int(rng.integers(1, 256))
        yield bytes(damaged)


@pytest.mark.parametrize("name", WITH_CHECKSUMS)
def test_a_changed_byte_in_a_folder_with_checksums_is_detected(
    finished: Project, tmp_path: Path, name: str
) -> None:
    path = copy_of(name, finished, tmp_path)
    for file in files_of(path):
        content = file.read_bytes()
        for place in {0, len(content) // 2, len(content) - 1}:
            change_byte(file, place)
            line = assert_refused(name, path)
            assert "SHA256SUMS" in line or "is not what was saved" in line
        file.write_bytes(content)
    (path / "SHA256SUMS").unlink()
    assert_refused(name, path)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused_or_read_without_difference(
    finished: Project, tmp_path: Path, name: str
) -> None:
    path = copy_of(name, finished, tmp_path)

    def read() -> list[np.ndarray]:
        data = FILES[name][1](path)
        if isinstance(data, pd.DataFrame | pd.Series):
            return [pd.util.hash_pandas_object(data).to_numpy()]
        parts = (data.train, data.validation, data.test)
        return [array for part in parts for array in (part.images, part.labels)]

    content, expected, refusals = path.read_bytes(), read(), 0
    for damaged in with_one_byte_changed(content, 150):
        path.write_bytes(damaged)
        try:
            data = read()
        except ValueError as problem:
            refusals += len(str(problem).splitlines()) == 1
        else:
            assert all(map(np.array_equal, data, expected))
    assert refusals > 100


def test_an_array_with_a_shortened_header_is_refused(tmp_path: Path) -> None:
    """NumPy verifies the checksum of an array only if it reads the array to its end."""
    path, rng = tmp_path / "figures.npz", np.random.default_rng(0)
    parts = {}
    for name in ("train", "validation", "test"):
        parts[f"{name}_images"] = rng.integers(0, 2, (240, 30, 30), np.uint8)
        parts[f"{name}_labels"] = rng.integers(0, 4, 240)
    np.savez(path, **parts)
    read_figure_set(path)
    path.write_bytes(path.read_bytes().replace(b"(240, 30, 30)", b"(240, 30, 20)", 1))
    assert np.load(path)["train_images"].shape == (240, 30, 20)
    with pytest.raises(ValueError, match=r"train_images\.npy is damaged"):
        read_figure_set(path)


def test_a_stage_refuses_a_changed_file_and_repro_restores_it(copy: Project) -> None:
    before, lock = copy.snapshot("data", "results"), copy.lock()
    again = "delete it and run `dvc repro`"
    data, model = "data/raw/figures/centred.npz", f"{RESULTS}/model"
    change_byte(copy.root / data, 4000)
    (line,) = copy.module("figures.train", "demo_1", succeeds=False).splitlines()
    assert line.startswith(f"figures-train@demo_1: {data}: ")
    assert line.endswith(again)
    copy.run("dvc", "checkout", "--force", data)
    change_byte(copy.root / model / "network.npz", 4000)
    (line,) = copy.module("figures.evaluate", "demo_1", succeeds=False).splitlines()
    assert line.startswith(f"figures-evaluate@demo_1: {model}: ")
    assert "network.npz is not what was saved" in line
    assert line.endswith(again)
    change_byte(copy.root / RESULTS / "history.csv", 4)
    (line,) = copy.module("commands.publish", succeeds=False).splitlines()
    assert f"{RESULTS}/history.csv does not match its hash in dvc.lock" in line
    assert copy.snapshot("data", "results") != before
    copy.run("dvc", "repro", "figures-evaluate@demo_1")
    assert copy.snapshot("data", "results") == before
    assert copy.lock() == lock
