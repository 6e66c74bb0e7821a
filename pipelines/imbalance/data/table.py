"""Reading the table of the area from CSV files that each hold a part of it."""

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
    """Read one table from CSV files that each hold a part of its rows.

    Files may touch or overlap. What they both hold must agree to the last digit. Rows missing
    within or between them, and empty cells, are filled as `fill_gaps` says. Empty lines are passed
    over.

    Args:
        paths: The files, in any order.

    Returns:
        The table, ascending, and what was repaired.

    Raises:
        TableError: If there is no file, or naming file, column and first lines: columns missing,
            surplus or twice; a line of too few or too many fields; a last line without its end, as
            of a file that was cut; a cell that is no number or no time, infinite or out of
            `schema.LIMITS`; times off the multiples of five minutes, twice or descending in a file;
            files that contradict each other; a gap too long to fill.
        OSError: If a file cannot be read.
    """
    if not paths:
        raise TableError("paths: no CSV file, at least one expected")
    parts = [read_file(path).assign(**{FILE: str(path)}) for path in paths]
    rows = pd.concat(parts).sort_values(TIME, kind="stable", ignore_index=True)
    check_agreement(rows)
    kept = rows.drop_duplicates(TIME)
    table, repairs = fill_gaps(
        kept.set_index(TIME)[[*COLUMNS]],
        places=kept[FILE].str.cat(kept[LINE].map(", line {}".format)),
    )
    return table, replace(repairs, repeated_rows=len(rows) - len(kept))


def check_agreement(rows: pd.DataFrame) -> None:
    """Check that rows of the same time, from different files, have the same values.

    Raises:
        TableError: Naming both files and lines, and the first column that differs.
    """
    times = rows[[TIME, *COLUMNS]].drop_duplicates()[TIME]
    contradicted = times[times.duplicated()].unique()
    if not len(contradicted):
        return
    alike = rows[rows[TIME] == contradicted[0]]
    column = next(name for name in COLUMNS if alike[name].nunique(dropna=False) > 1)
    first = alike.iloc[0]
    other = alike[~alike[column].isin([first[column]])].iloc[0]
    raise TableError(
        f"{other[FILE]}: {column}: {other[column]} in line {other[LINE]}, but {first[column]} in "
        f"line {first[LINE]} of {first[FILE]}, both of {contradicted[0]}; {len(contradicted)} such "
        "rows, equal values expected where files overlap"
    )
