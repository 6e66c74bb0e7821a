"""Tables of the area as Parquet files, typed and quick to read; the same table, the same bytes."""

import io
from pathlib import Path

import pandas as pd

from pipelines.imbalance.resolution import Clock
from pipelines.imbalance.schema import COLUMNS

__all__ = ["read_table", "write_table"]


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Writes a table as Parquet."""
    table.to_parquet(path, engine="pyarrow", compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """The table that `write_table` wrote, in rows of 5 or 15 minutes.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is damaged, or holds something else.
    """
    content = path.read_bytes()
    try:
        table = pd.read_parquet(io.BytesIO(content), engine="pyarrow")
        if tuple(table.columns) != COLUMNS:
            raise ValueError(f"columns {', '.join(map(str, table))}, {', '.join(COLUMNS)} expected")
        Clock.of(table)
    except (ValueError, TypeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path.name}: no table of the area: {reason}") from error
    return table
