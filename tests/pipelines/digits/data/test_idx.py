"""Arrays are read back from IDX files, and damaged files are refused by name."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pipelines.digits.data.idx import idx_bytes, read_idx, write_idx


@given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=3)), st.booleans())
def test_an_array_is_read_back_from_its_idx_file_plain_or_compressed(
    tmp_path_factory, array, packed
):
    path = tmp_path_factory.mktemp("idx") / "array"
    write_idx(path, array)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    loaded = read_idx(path)
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, array)
    assert loaded.flags.writeable


@pytest.mark.parametrize("order", [np.ascontiguousarray, np.asfortranarray])
def test_an_idx_file_has_the_published_layout_whatever_the_order_in_memory(order):
    array = order(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    assert idx_bytes(array) == struct.pack(">HBBIII", 0, 8, 3, 2, 3, 4) + bytes(range(24))


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros((), np.uint8), np.zeros((1, 1, 1, 1), np.uint8)]
)
def test_an_array_that_idx_cannot_hold_is_refused(array):
    with pytest.raises(ValueError, match=r"array: .*, expected uint8 with 1 to 3 dimensions"):
        idx_bytes(array)


COMPLETE = idx_bytes(np.zeros((2, 3, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "magic number missing"),
        (b"<!doctype html>", "magic number 3c21646f"),
        (b"\0\0\x0d\1" + COMPLETE[4:], "magic number 00000d01"),
        (b"\0\0\x08\4" + COMPLETE[4:], "magic number 00000804"),
        (COMPLETE[:9], "ends inside the header"),
        (COMPLETE[:-1], "require 18 bytes, the file contains fewer"),
        (COMPLETE + b"\0", "require 18 bytes, the file contains more"),
        (b"\0\0\x08\3" + b"\xff" * 12, "exceed"),
        (gzip.compress(COMPLETE, mtime=0)[:-9], "ended before"),
        (gzip.compress(COMPLETE, mtime=0)[:10] + b"\xff" * 20, "Error -3"),
        (gzip.compress(COMPLETE, mtime=0)[:-8] + b"\xff" * 8, "CRC check failed"),
        (gzip.compress(COMPLETE[:-1], mtime=0), "contains fewer"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_a_file_that_is_not_one_complete_idx_array_is_refused_by_name(tmp_path, content, reason):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path}: not a complete IDX file: .*{reason}") as caught:
        read_idx(path)
    assert "\n" not in str(caught.value)
