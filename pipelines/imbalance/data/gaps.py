"""Short gaps in a table, filled with the last known values and counted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.data.schema import STEP, TIME, TableError, check_table, named_rows

__all__ = ["LONGEST_FILL", "Repairs", "fill_gaps"]

LONGEST_FILL = 6
"""Missing steps in a row, half an hour, that the last known values may stand in for."""


@dataclass(frozen=True)
class Repairs:
    """What was mended in a table while it was read.

    Attributes:
        repeated_rows: Rows that an earlier file held as well, value for value; kept once.
        filled_rows: Rows that were missing and took the values of the row before.
        filled_values: Single empty cells, in rows that were there, that did the same.
        longest_fill: Steps in a row, at most, that one value was carried on for.
        first_fills: When the first few repaired rows begin, in words; "" without any.
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
        """Return one line for a person."""
        parts = []
        if self.repeated_rows:
            parts.append(f"{self.repeated_rows:,} rows of overlapping files kept once")
        if self.filled_rows or self.filled_values:
            parts.append(
                f"{self.filled_rows:,} missing rows and {self.filled_values:,} empty cells filled "
                f"with the last known values, at most {self.longest_fill} steps in a row "
                f"({self.first_fills})"
            )
        return "; ".join(parts) or "nothing repaired"


def fill_gaps(
    table: pd.DataFrame, places: Sequence[str] | None = None
) -> tuple[pd.DataFrame, Repairs]:
    """Fill short gaps with the last known values.

    The last known value looks back only, where an interpolation would tell a forecaster what comes
    after the gap.

    Args:
        table: Ascending, with rows or values missing.
        places: What each row is called in errors; its time if None.

    Returns:
        The table on every step of its clock, and the repairs.

    Raises:
        TableError: If more than `LONGEST_FILL` steps in a row are missing, or the first value of a
            column.
    """
    names = [f"{time}" for time in table.index] if places is None else list(places)
    # before the rows between are made: a mistaken year would mean millions of them
    far = np.flatnonzero(np.diff(table.index) > (LONGEST_FILL + 1) * STEP)
    if len(far):
        before, after = table.index[far[0]], table.index[far[0] + 1]
        raise _too_long(names[far[0]], table.columns[0], before, f"{after}")
    whole = table.reindex(pd.date_range(table.index[0], table.index[-1], freq=STEP, name=TIME))
    position = whole.index.get_indexer(table.index)
    missing = whole.isna().to_numpy()
    lengths = _steps_missing(missing)
    for column, name in enumerate(table.columns):
        if missing[0, column]:
            raise TableError(f"{names[0]}: {name}: no value, and none before it to stand in for it")
        late = np.flatnonzero(lengths[:, column] > LONGEST_FILL)
        if len(late):
            before = int(np.searchsorted(position, late[0] - LONGEST_FILL)) - 1
            after = whole[name].iloc[late[0] :].first_valid_index()
            until = "the end" if after is None else f"{after}"
            raise _too_long(names[before], name, table.index[before], until)
    absent = np.ones(len(whole), bool)
    absent[position] = False
    mended = whole.index[missing.any(axis=1)]
    repairs = Repairs(
        filled_rows=int(absent.sum()),
        filled_values=int(missing[~absent].sum()),
        longest_fill=int(lengths.max(initial=0)),
        first_fills=named_rows(mended, "{}".format),
    )
    filled = whole.ffill()
    check_table(filled)
    return filled, repairs


def _too_long(place: str, column: str, before: pd.Timestamp, until: str) -> TableError:
    return TableError(
        f"{place}: {column}: no value between {before} and {until}, at most {LONGEST_FILL} missing "
        "steps can be filled"
    )


def _steps_missing(missing: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of steps that each column has been missing for, [rows, columns]."""
    steps = np.arange(len(missing))[:, None]
    last_known = np.maximum.accumulate(np.where(missing, -1, steps), axis=0)
    return steps - last_known
