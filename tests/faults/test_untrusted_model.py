"""A malicious file is refused in one line and never executed, even with valid checksums."""

import io
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.checksums import CHECKSUMS_NAME, write_checksums
from tests.faults.inputs import INPUTS, WITH_CHECKSUMS, assert_refused, copy_of, files_of
from tests.pipelines.malicious import Malicious
from tests.workflow.project import Project


def pickled(trace: Path) -> bytes:
    return pickle.dumps(Malicious(trace))


def saved_by_torch(trace: Path) -> bytes:
    buffer = io.BytesIO()
    torch.save({"state_dict": Malicious(trace)}, buffer)
    return buffer.getvalue()


def array_of_objects(trace: Path) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Malicious(trace)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


PAYLOADS: dict[Callable[[Path], bytes], Callable[[bytes], object]] = {
    pickled: pickle.loads,
    saved_by_torch: lambda content: torch.load(io.BytesIO(content), weights_only=False),
    array_of_objects: lambda content: np.load(io.BytesIO(content), allow_pickle=True),
}


def refuse(name: str, path: Path) -> None:
    if name in WITH_CHECKSUMS:
        write_checksums(path)
    assert_refused(name, path)


@pytest.mark.parametrize("name", INPUTS)
def test_malicious_files_are_not_executed(finished: Project, tmp_path: Path, name: str) -> None:
    path, trace = copy_of(name, finished, tmp_path), tmp_path / "trace"
    for payload, load in PAYLOADS.items():
        for file in files_of(path):
            if file.name != CHECKSUMS_NAME:
                content = file.read_bytes()
                file.write_bytes(payload(trace))
                refuse(name, path)
                file.write_bytes(content)
        assert not trace.exists()
        load(payload(trace))  # it is executed by an unsafe reader
        assert trace.exists()
        shutil.rmtree(trace)


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("figures", "."),
        ("network", "network.npz"),
        ("gradient boosting", "forecaster_1/gradient_boosting.skops"),
    ],
)
def test_malicious_arrays_in_archives_are_not_executed(
    finished: Project, tmp_path: Path, name: str, inner: str
) -> None:
    path, trace = copy_of(name, finished, tmp_path), tmp_path / "trace"
    file = path / inner
    with zipfile.ZipFile(file) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    arrays = [part for part in parts if part.endswith(".npy")]
    assert arrays
    for replaced in arrays:
        with zipfile.ZipFile(file, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, array_of_objects(trace) if part == replaced else content)
        refuse(name, path)
    assert not trace.exists()
