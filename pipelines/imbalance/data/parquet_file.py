"""Tables as Parquet files, typed and quick to read, with a digest of what they hold.

Parquet's own checksums cover the pages, but neither their headers nor the footer.
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
"""Key of the file's metadata."""


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table of the area; the same table gives the same bytes."""
    write_rows(table, path)


def read_table(path: Path) -> pd.DataFrame:
    """Load the table that `write_table` wrote, in rows of 5 or 15 minutes.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is damaged, or holds something else.
    """
    try:
        table = read_rows(path)
        if tuple(table.columns) != COLUMNS:
            raise ValueError(f"columns {', '.join(map(str, table))}, {', '.join(COLUMNS)} expected")
        Clock.of(table)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path.name}: no table of the area: {error}") from error
    return table


def write_rows(rows: pd.DataFrame, path: Path) -> None:
    """Write rows of numbers and times; the same rows give the same bytes."""
    table = pa.Table.from_pandas(rows)
    digest = _digest(table.to_pandas())
    signed = table.replace_schema_metadata({**table.schema.metadata, DIGEST: digest})
    content = io.BytesIO()
    pq.write_table(signed, content, compression="zstd")
    path.write_bytes(content.getbuffer())  # given a path, it would put what the disk says in words


def read_rows(path: Path) -> pd.DataFrame:
    """Load the rows that `write_rows` wrote.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is damaged; one line that says how.
    """
    content = path.read_bytes()
    try:
        table = pq.read_table(io.BytesIO(content))
        rows = table.to_pandas()
        saved = (table.schema.metadata or {}).get(DIGEST)
        intact = saved == _digest(rows)
    except Exception as error:
        # a damaged file can raise anything at all
        raise ValueError(" ".join(str(error).split())) from error
    if saved is None:
        raise ValueError("it holds no SHA-256 sum of its values")
    if not intact:
        raise ValueError("its values are not what was saved: their SHA-256 sum is another")
    return rows


def _digest(rows: pd.DataFrame) -> bytes:
    """Return the digest of names, types, values and index, whatever their encoding."""
    digest = hashlib.sha256()
    for name, values in rows.reset_index().items():
        digest.update(f"{name} {values.dtype}\n".encode())
        digest.update(values.to_numpy().tobytes())
    return digest.hexdigest().encode()
