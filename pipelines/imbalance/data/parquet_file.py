"""Tables as Parquet files with a digest of their values.

The digest is needed because Parquet's checksums do not cover page headers and the footer.
"""

import hashlib
import io
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.imbalance.data.resolution import Clock
from pipelines.imbalance.data.schema import COLUMNS

__all__ = ["read_rows", "read_table", "write_rows", "write_table"]

DIGEST = b"sha256"
"""Key of the digest in the metadata of a file."""


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table of the area; equal tables give equal bytes."""
    write_rows(table, path)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table written by `write_table`, in rows of 5 or 15 minutes.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is damaged or has other content.
    """
    try:
        table = read_rows(path)
        if tuple(table.columns) != COLUMNS:
            raise ValueError(f"columns {', '.join(map(str, table))}, {', '.join(COLUMNS)} expected")
        Clock.of(table)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path.name}: not a table of the area: {error}") from error
    return table


def write_rows(rows: pd.DataFrame, path: Path) -> None:
    """Write rows of numbers and times; equal rows give equal bytes."""
    table = pa.Table.from_pandas(rows)
    digest = _digest(table.to_pandas())
    signed = table.replace_schema_metadata({**table.schema.metadata, DIGEST: digest})
    content = io.BytesIO()
    pq.write_table(signed, content, compression="zstd")
    path.write_bytes(content.getbuffer())  # with a path, pyarrow would rephrase the disk's OSError


def read_rows(path: Path) -> pd.DataFrame:
    """Read rows written by `write_rows`.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is damaged. The message has one line.
    """
    content = path.read_bytes()
    try:
        table = pq.read_table(io.BytesIO(content))
        rows = table.to_pandas()
        saved = (table.schema.metadata or {}).get(DIGEST)
        intact = saved == _digest(rows)
    except Exception as error:
        # a damaged file can raise any exception
        raise ValueError(" ".join(str(error).split())) from error
    if saved is None:
        raise ValueError("it has no SHA-256 sum of its values")
    if not intact:
        raise ValueError("its values are not what was saved: their SHA-256 sum differs")
    return rows


def _digest(rows: pd.DataFrame) -> bytes:
    """Return a digest of names, types, values and index, independent of the encoding."""
    digest = hashlib.sha256()
    for name, values in rows.reset_index().items():
        digest.update(f"{name} {values.dtype}\n".encode())
        digest.update(values.to_numpy().tobytes())
    return digest.hexdigest().encode()
