"""Reading of one table from several CSV files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipelines.imbalance.data.csv_file import LINE, read_file
from pipelines.imbalance.data.gaps import Repairs, fill_gaps
from pipelines.imbalance.data.schema import COLUMNS, TIME, TableError

__all__ = ["read_tables"]

FILE = "file"


def read_tables(paths: Sequence[Path]) -> tuple[pd.DataFrame, Repairs]:
    """Read one table from CSV files that each contain some of its rows.

    Files may overlap if their common rows have equal values. `fill_gaps` fills missing rows and
    empty cells. Empty lines are ignored.

    Args:
        paths: The files, in any order.

    Returns:
        The table in ascending order, and the repairs.

    Raises:
        TableError: If there is no file, a file is invalid, overlapping files differ, or a gap is
            too long to fill. A file is invalid if columns are missing, unexpected or repeated. It
            is also invalid if a line is incomplete, a value is not a number or outside
            `schema.LIMITS`, or the times are not ascending multiples of five minutes. The message
            names file, column and first lines.
        OSError: If a file cannot be read.
    """
    if not paths:
        raise TableError("paths: no CSV file, at least one expected")
    tables = [read_file(path).assign(**{FILE: str(path)}) for path in paths]
    rows = pd.concat(tables).sort_values(TIME, kind="stable", ignore_index=True)
    check_agreement(rows)
    unique = rows.drop_duplicates(TIME)
    table, repairs = fill_gaps(
        unique.set_index(TIME)[[*COLUMNS]],
        places=unique[FILE].str.cat(unique[LINE].map(", line {}".format)),
    )
    return table, replace(repairs, repeated_rows=len(rows) - len(unique))


def check_agreement(rows: pd.DataFrame) -> None:
    """Check that rows with the same time in different files have the same values.

    Raises:
        TableError: If values differ. The message names both files and lines, and the first column
            that differs.
    """
    times = rows[[TIME, *COLUMNS]].drop_duplicates()[TIME]
    conflicts = times[times.duplicated()].unique()
    if not len(conflicts):
        return
    candidates = rows[rows[TIME] == conflicts[0]]
    column = next(name for name in COLUMNS if candidates[name].nunique(dropna=False) > 1)
    first = candidates.iloc[0]
    other = candidates[~candidates[column].isin([first[column]])].iloc[0]
    raise TableError(
        f"{other[FILE]}: {column}: {other[column]} in line {other[LINE]}, but {first[column]} in "
        f"line {first[LINE]} of {first[FILE]}, both at {conflicts[0]}; {len(conflicts)} such "
        "rows, equal values expected where files overlap"
    )
