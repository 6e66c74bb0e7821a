"""A file made by somebody malicious is refused in one line and never runs, whoever reads it.

Its checksums are right: who can write the file can write them, too.
"""

import io
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import skops.io
import torch
from sklearn.preprocessing import FunctionTransformer

from pipelines.checksums import CHECKSUMS_NAME, write_checksums
from pipelines.imbalance.parquet_file import DIGEST, read_rows
from tests.faults.inputs import INPUTS, SUMMED, made
from tests.pipelines.malicious import Malicious

Payload = Callable[[Path], bytes]


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


def load_trusting(payload: Payload, content: bytes) -> None:
    if payload is pickled:
        pickle.loads(content)
    elif payload is saved_by_torch:
        torch.load(io.BytesIO(content), weights_only=False)
    else:
        np.load(io.BytesIO(content), allow_pickle=True)


def refused(name: str, path: Path) -> None:
    if name in SUMMED:
        write_checksums(path)
    with pytest.raises(ValueError, match=r".") as caught:
        INPUTS[name].read(path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("payload", [pickled, saved_by_torch, array_of_objects])
def test_the_payloads_do_harm_where_they_are_trusted(tmp_path: Path, payload: Payload) -> None:
    trace = tmp_path / "trace"
    content = payload(trace)
    assert not trace.exists()
    load_trusting(payload, content)
    assert trace.exists()


@pytest.mark.parametrize("payload", [pickled, saved_by_torch, array_of_objects])
@pytest.mark.parametrize("name", INPUTS)
def test_no_file_of_any_input_runs(tmp_path: Path, name: str, payload: Payload) -> None:
    path, trace = made(name, tmp_path), tmp_path / "trace"
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    for file in files:
        if file.name != CHECKSUMS_NAME:
            whole = file.read_bytes()
            file.write_bytes(payload(trace))
            refused(name, path)
            file.write_bytes(whole)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("figures", "."),
        ("network", "network.npz"),
        ("gradient_boosting", "forecaster_1/gradient_boosting.skops"),
    ],
)
def test_no_array_of_objects_within_an_archive_runs(tmp_path: Path, name: str, inner: str) -> None:
    path, trace = made(name, tmp_path), tmp_path / "trace"
    file = path / inner
    with zipfile.ZipFile(file) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    arrays = [part for part in parts if part.endswith(".npy")]
    assert arrays
    for replaced in arrays:
        with zipfile.ZipFile(file, "w") as archive:
            for part, content in parts.items():
                archive.writestr(part, array_of_objects(trace) if part == replaced else content)
        refused(name, path)
    assert not trace.exists()


def test_no_function_that_a_file_of_skops_names_is_called(tmp_path: Path) -> None:
    path = made("gradient_boosting", tmp_path)
    file = path / "forecaster_1" / "gradient_boosting.skops"
    skops.io.dump(FunctionTransformer(np.save), file)
    refused("gradient_boosting", path)


def test_no_pickled_type_of_a_parquet_file_is_loaded(tmp_path: Path) -> None:
    """Older versions of Arrow unpickled what a file names as the type of a column."""
    trace, file = tmp_path / "trace", tmp_path / "table.parquet"
    extension = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickled(trace),
    }
    schema = pa.schema(
        [pa.field("y", pa.float64(), metadata=extension)], metadata={DIGEST: b"whatever"}
    )
    pq.write_table(pa.table({"y": [1.0]}, schema=schema), file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"."):
            read_rows(file)
    assert not trace.exists()
