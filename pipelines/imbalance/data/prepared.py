"""The series as forecasters take it: one table, and the moments at which its parts begin."""

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
    """A series in one piece, since forecasts of a part look back into the one before.

    Attributes:
        table: In rows of 5 or 15 minutes; see `schema`.
        validation_start: The first time of the validation part, UTC; what is earlier trains.
        test_start: The first time of the test part.
    """

    table: pd.DataFrame
    validation_start: pd.Timestamp
    test_start: pd.Timestamp

    @classmethod
    def of(cls, split: Split) -> "Prepared":
        """Return the series of a split."""
        table = pd.concat([split.train, split.validation, split.test])
        return cls(table, split.validation.index[0], split.test.index[0])

    @property
    def training_rows(self) -> pd.DataFrame:
        """The rows that limits, scales and models may be fitted on."""
        return self.table[self.table.index < self.validation_start]


def write_prepared(prepared: Prepared, folder: Path) -> None:
    """Write `table.parquet` and `split.json`."""
    write_table(prepared.table, folder / TABLE_NAME)
    moments = {
        "validation_start": prepared.validation_start.isoformat(),
        "test_start": prepared.test_start.isoformat(),
    }
    (folder / SPLIT_NAME).write_text(json.dumps(moments, indent=2) + "\n")
    write_checksums(folder)


def read_prepared(folder: Path) -> Prepared:
    """Load the series that `write_prepared` wrote.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file was changed since, or is no such file.
    """
    check_checksums(folder)
    table = read_table(folder / TABLE_NAME)
    content = (folder / SPLIT_NAME).read_bytes()
    try:
        moments = {name: pd.Timestamp(moment) for name, moment in json.loads(content).items()}
        prepared = Prepared(table, **moments)
        in_order = table.index[0] < prepared.validation_start < prepared.test_start
        if not (in_order and prepared.test_start <= table.index[-1]):
            raise ValueError("its moments are not in order within the table")
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{SPLIT_NAME}: no split of a series: {error}") from error
    return prepared
