"""Filling of short gaps in a table with the last known values."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.data.schema import STEP, TIME, TableError, check_table, named_rows

__all__ = ["LONGEST_FILL", "Repairs", "fill_gaps"]

LONGEST_FILL = 6
"""Maximum number of consecutive missing steps to fill: half an hour."""


@dataclass(frozen=True)
class Repairs:
    """Counts of the repairs made while reading a table.

    Attributes:
        repeated_rows: Number of dropped rows that repeat a row of another file.
        filled_rows: Number of missing rows that were filled.
        filled_values: Number of empty cells that were filled in existing rows.
        longest_fill: Maximum number of consecutive steps filled with one value.
        first_fills: Text with the times of the first few filled rows; empty if there are none.
    """

    repeated_rows: int = 0
    filled_rows: int = 0
    filled_values: int = 0
    longest_fill: int = 0
    first_fills: str = ""

    def to_metrics(self) -> dict[str, int]:
        """Return the counts as plain numbers."""
        return {name: value for name, value in asdict(self).items() if name != "first_fills"}

    def __str__(self) -> str:
        """Return a summary in one line."""
        notes = []
        if self.repeated_rows:
            notes.append(f"{self.repeated_rows:,} rows of overlapping files kept once")
        if self.filled_rows or self.filled_values:
            notes.append(
                f"{self.filled_rows:,} missing rows and {self.filled_values:,} empty cells filled "
                f"with the last known values, at most {self.longest_fill} steps in a row "
                f"({self.first_fills})"
            )
        return "; ".join(notes) or "nothing repaired"


def fill_gaps(
    table: pd.DataFrame, places: Sequence[str] | None = None
) -> tuple[pd.DataFrame, Repairs]:
    """Fill short gaps with the last known values.

    Interpolation is not used, because it would leak values from after a gap to a forecaster.

    Args:
        table: The rows in ascending order. Rows and values may be missing.
        places: Description of each row in error messages; its time if None.

    Returns:
        The table without gaps, and the repairs.

    Raises:
        TableError: If more than `LONGEST_FILL` consecutive steps are missing, or the first value of
            a column is missing.
    """
    names = [f"{time}" for time in table.index] if places is None else list(places)
    # checked before adding the missing rows, of which a wrong year would mean millions
    far = np.flatnonzero(np.diff(table.index) > (LONGEST_FILL + 1) * STEP)
    if len(far):
        before, after = table.index[far[0]], table.index[far[0] + 1]
        raise _too_long(names[far[0]], table.columns[0], before, f"{after}")
    complete = table.reindex(pd.date_range(table.index[0], table.index[-1], freq=STEP, name=TIME))
    positions = complete.index.get_indexer(table.index)
    missing = complete.isna().to_numpy()
    lengths = _steps_missing(missing)
    for column, name in enumerate(table.columns):
        if missing[0, column]:
            raise TableError(f"{names[0]}: {name}: no value, and none before it to fill it with")
        too_long = np.flatnonzero(lengths[:, column] > LONGEST_FILL)
        if len(too_long):
            before = int(np.searchsorted(positions, too_long[0] - LONGEST_FILL)) - 1
            after = complete[name].iloc[too_long[0] :].first_valid_index()
            until = "the end" if after is None else f"{after}"
            raise _too_long(names[before], name, table.index[before], until)
    is_new = np.ones(len(complete), bool)
    is_new[positions] = False
    filled_times = complete.index[missing.any(axis=1)]
    repairs = Repairs(
        filled_rows=int(is_new.sum()),
        filled_values=int(missing[~is_new].sum()),
        longest_fill=int(lengths.max(initial=0)),
        first_fills=named_rows(filled_times, "{}".format),
    )
    filled = complete.ffill()
    check_table(filled)
    return filled, repairs


def _too_long(place: str, column: str, before: pd.Timestamp, until: str) -> TableError:
    return TableError(
        f"{place}: {column}: no value between {before} and {until}, at most {LONGEST_FILL} missing "
        "steps can be filled"
    )


def _steps_missing(missing: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of steps since the last known value, [rows, columns]."""
    steps = np.arange(len(missing))[:, None]
    last_known = np.maximum.accumulate(np.where(missing, -1, steps), axis=0)
    return steps - last_known
