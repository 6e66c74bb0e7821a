"""The IDX file format, in which MNIST was published, for arrays of unsigned bytes."""

import gzip
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_ARRAY", "idx_bytes", "read_idx", "write_idx"]

LARGEST_ARRAY = 2**28
"""Bytes that a file may unpack to: five times MNIST's largest, far below a decompression bomb."""

_UNSIGNED_BYTE = 0x08


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """Return the content of the IDX file of an array: a big-endian header, then its bytes by row.

    Args:
        array: uint8, one to three dimensions.

    Raises:
        ValueError: If the array is of another type or number of dimensions.

    Example:
        >>> idx_bytes(np.array([7, 2, 1], dtype=np.uint8)).hex(" ")
        '00 00 08 01 00 00 00 03 07 02 01'
    """
    if array.dtype != np.uint8 or not 1 <= array.ndim <= 3:
        kind = f"{array.dtype} {list(array.shape)}"
        raise ValueError(f"array: {kind}, uint8 of 1 to 3 dimensions expected")
    header = bytes([0, 0, _UNSIGNED_BYTE, array.ndim])
    return header + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write an array as an uncompressed IDX file; see `idx_bytes`."""
    path.write_bytes(idx_bytes(array))


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an array from an IDX file of unsigned bytes, plain or compressed with gzip.

    Args:
        path: The file; compression is told by the content, not by the name.

    Returns:
        The array, uint8, of the one to three dimensions that the file's header declares.

    Raises:
        ValueError: If the file is anything but one whole IDX array of unsigned bytes.
    """
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            return _read_idx_stream(gzip.GzipFile(fileobj=file) if compressed else file)  # type: ignore[arg-type]
        except (ValueError, EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: not a whole IDX file: {error}") from error


def _read_idx_stream(stream: BinaryIO) -> NDArray[np.uint8]:
    magic = stream.read(4)
    dimensions = magic[3] if len(magic) == 4 else 0
    if magic[:3] != bytes([0, 0, _UNSIGNED_BYTE]) or not 1 <= dimensions <= 3:
        raise ValueError(f"magic number {magic.hex() or 'missing'}, 00000801 to 00000803 expected")
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise ValueError("it ends inside the header")
    shape = [int(size) for size in np.frombuffer(sizes, dtype=">u4")]
    length = int(np.prod(shape, dtype=object))
    if length > LARGEST_ARRAY:
        raise ValueError(f"dimensions {shape} exceed {LARGEST_ARRAY} bytes")
    content = stream.read(length + 1)
    if len(content) != length:
        relation = "fewer" if len(content) < length else "more"
        raise ValueError(f"dimensions {shape} declare {length} bytes, {relation} follow")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape).copy()
