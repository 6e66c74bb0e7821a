"""Read and write arrays of unsigned bytes in IDX, the file format of MNIST."""

import gzip
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_ARRAY", "idx_bytes", "read_idx", "write_idx"]

LARGEST_ARRAY = 2**28
"""Limit of an unpacked file in bytes, five times MNIST's largest, against decompression bombs."""

_UNSIGNED_BYTE = 0x08


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """Return the content of an array's IDX file: a big-endian header, then the bytes by row.

    Args:
        array: Array of type uint8 with one to three dimensions.

    Raises:
        ValueError: If the array has another type or number of dimensions.

    Example:
        >>> idx_bytes(np.array([7, 2, 1], dtype=np.uint8)).hex(" ")
        '00 00 08 01 00 00 00 03 07 02 01'
    """
    if array.dtype != np.uint8 or not 1 <= array.ndim <= 3:
        kind = f"{array.dtype} {list(array.shape)}"
        raise ValueError(f"array: {kind}, expected uint8 with 1 to 3 dimensions")
    header = bytes([0, 0, _UNSIGNED_BYTE, array.ndim])
    return header + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write an array as an uncompressed IDX file; see `idx_bytes`."""
    path.write_bytes(idx_bytes(array))


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an array from an IDX file, plain or compressed with gzip.

    Args:
        path: Path of the file. Compression is detected from the content, not from the name.

    Returns:
        Array of type uint8 with the dimensions in the file's header.

    Raises:
        ValueError: If the file is not exactly one complete IDX array of unsigned bytes.
    """
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            return _read_idx_stream(gzip.GzipFile(fileobj=file) if compressed else file)  # type: ignore[arg-type]
        except (ValueError, EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}: not a complete IDX file: {error}") from error


def _read_idx_stream(stream: BinaryIO) -> NDArray[np.uint8]:
    magic = stream.read(4)
    dimensions = magic[3] if len(magic) == 4 else 0
    if magic[:3] != bytes([0, 0, _UNSIGNED_BYTE]) or not 1 <= dimensions <= 3:
        raise ValueError(f"magic number {magic.hex() or 'missing'}, expected 00000801 to 00000803")
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise ValueError("the file ends inside the header")
    shape = [int(size) for size in np.frombuffer(sizes, dtype=">u4")]
    length = int(np.prod(shape, dtype=object))
    if length > LARGEST_ARRAY:
        raise ValueError(f"dimensions {shape} exceed {LARGEST_ARRAY} bytes")
    content = stream.read(length + 1)
    if len(content) != length:
        relation = "fewer" if len(content) < length else "more"
        raise ValueError(f"dimensions {shape} require {length} bytes, the file contains {relation}")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape).copy()
