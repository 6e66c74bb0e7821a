"""A series prepared for forecasting: one table, and the start times of its splits."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.checksums import check_checksums, write_checksums
from pipelines.imbalance.data.parquet_file import read_table, write_table
from pipelines.imbalance.data.splitting import Split

__all__ = ["Prepared", "read_prepared", "write_prepared"]

TABLE_NAME = "table.parquet"
SPLIT_NAME = "split.json"


@dataclass(frozen=True, eq=False)
class Prepared:
    """A series with the start times of its validation and test splits.

    The table is not divided, because forecasts in one split use history from the previous split.

    Attributes:
        table: The table, in rows of 5 or 15 minutes; see `schema`.
        validation_start: First time of the validation split, UTC. Earlier rows are the training
            split.
        test_start: First time of the test split, UTC.
    """

    table: pd.DataFrame
    validation_start: pd.Timestamp
    test_start: pd.Timestamp

    @classmethod
    def of(cls, split: Split) -> "Prepared":
        """Create the series from its three splits."""
        table = pd.concat([split.train, split.validation, split.test])
        return cls(table, split.validation.index[0], split.test.index[0])

    @property
    def training_rows(self) -> pd.DataFrame:
        """The rows on which limits, scales and models are fitted."""
        return self.table[self.table.index < self.validation_start]


def write_prepared(prepared: Prepared, folder: Path) -> None:
    """Write a series as `table.parquet` and `split.json`, with checksums."""
    write_table(prepared.table, folder / TABLE_NAME)
    starts = {
        "validation_start": prepared.validation_start.isoformat(),
        "test_start": prepared.test_start.isoformat(),
    }
    (folder / SPLIT_NAME).write_text(json.dumps(starts, indent=2) + "\n")
    write_checksums(folder)


def read_prepared(folder: Path) -> Prepared:
    """Read a series written by `write_prepared`.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file was changed or has other content.
    """
    check_checksums(folder)
    table = read_table(folder / TABLE_NAME)
    content = (folder / SPLIT_NAME).read_bytes()
    try:
        starts = {name: pd.Timestamp(time) for name, time in json.loads(content).items()}
        prepared = Prepared(table, **starts)
        in_order = table.index[0] < prepared.validation_start < prepared.test_start
        if not (in_order and prepared.test_start <= table.index[-1]):
            raise ValueError("its times are not in order within the table")
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{SPLIT_NAME}: not a split of a series: {error}") from error
    return prepared
