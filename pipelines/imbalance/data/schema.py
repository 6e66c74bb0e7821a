"""What a table of the area is: its columns, its 5-minute clock, and the values that can be true.

A table is a DataFrame whose index `start_time` (UTC, without a time zone) goes up in steps of five
minutes, and whose columns are float64 and in MW.
"""

from collections.abc import Callable, Iterable, Sequence

import pandas as pd
import pandera.pandas as pa

__all__ = [
    "COLUMNS",
    "GROSS",
    "LIMITS",
    "STEP",
    "TIME",
    "TableError",
    "check",
    "check_table",
    "gross_outliers",
]

TIME = "start_time"
"""Name of the index: when the five minutes begin, UTC."""

STEP = pd.Timedelta(minutes=5)
"""Time from one row to the next."""

LIMITS = {
    "hydro": (-10_000, 50_000),
    "micro": (0, 50_000),
    "thermal": (0, 50_000),
    "wind": (-1_000, 50_000),
    "river": (0, 50_000),
    "total": (-10_000, 100_000),
    "y": (-100_000, 100_000),
    "sys_reg": (-50_000, 50_000),
    "flow": (-50_000, 50_000),
}
"""Least and greatest credible value of every column in MW; outside it a number is a mistake.

Wide on purpose, about the installed capacity of the Nordic countries: real series hold imbalances
down to -56,379 MW, which training limits (`features`) and evaluation does not hide. Hydro may pump
and wind turbines draw a little from the grid.
"""

COLUMNS = tuple(LIMITS)
"""The columns of a table, in order."""

GROSS = 1500.0
"""Imbalance in MW beyond which it is a mistake of the records, not of the plans."""

ROWS_NAMED = 3


class TableError(ValueError):
    """A table, or a file of one, that cannot be used: one line that says what is wrong where."""


def gross_outliers(table: pd.DataFrame) -> "pd.Series[bool]":
    """Mark the rows whose imbalance is beyond `GROSS`."""
    return table["y"].abs() > GROSS


def check_table(
    table: pd.DataFrame, *, columns: Sequence[str] = COLUMNS, source: str = "table"
) -> None:
    """Check that a table can be computed with as it is; nothing is repaired.

    Args:
        table: The rows, in order.
        columns: Which of `COLUMNS` it must have, in this order, and no others; the plans alone for
            the hours to come.
        source: What the table is called in errors.

    Raises:
        TableError: Naming the column and the first rows where a column is missing, surplus or not
            float64, a value missing, infinite or out of `LIMITS`, or the index is not
            `start_time`, without a time zone, from one multiple of five minutes to the next.

    Example:
        >>> times = pd.date_range("2021-03-01", periods=2, freq="5min", name="start_time")
        >>> check_table(pd.DataFrame({"y": [1.0, float("nan")]}, times), columns=["y"])
        Traceback (most recent call last):
        pipelines.imbalance.data.schema.TableError: table: y: no value at 2021-03-01 00:05:00
    """
    if not isinstance(table.index, pd.DatetimeIndex) or table.index.tz is not None:
        kind = getattr(table.index, "dtype", type(table.index).__name__)
        raise TableError(f"{source}: index: {kind}, timestamps in UTC without a time zone expected")
    if table.index.name != TIME or not len(table):
        raise TableError(
            f"{source}: index: {len(table)} rows of {table.index.name!r}, at least one of {TIME!r} "
            "expected"
        )
    rows = table.reset_index()
    check(
        rows,
        {TIME: clock_column(), **value_columns(columns)},
        source,
        lambda row: f"at {rows[TIME].iloc[row]}",
    )
    jumps = rows.index[rows[TIME].diff().iloc[1:].ne(STEP).reindex(rows.index, fill_value=False)]
    if len(jumps):
        before, after = rows[TIME].iloc[jumps[0] - 1 : jumps[0] + 1]
        raise TableError(
            f"{source}: {TIME}: {len(jumps)} gaps, the first between {before} and {after}, "
            "5 minutes from row to row expected"
        )
    if tuple(table.columns) != tuple(columns):
        raise TableError(
            f"{source}: columns: {', '.join(table)}, the order {', '.join(columns)} expected"
        )


def check(
    rows: pd.DataFrame,
    columns: dict[str, pa.Column],
    source: str,
    place: Callable[[int], str] = "in line {}".format,
) -> None:
    """Check rows against columns of a schema, and raise the faults that pandera finds in one line.

    Args:
        rows: `start_time` and values, and a name for each row as index.
        columns: What is expected, and nothing else.
        source: What the rows are called in errors.
        place: Where a row is, by its name in the index.

    Raises:
        TableError: Naming the first column at fault and its first rows.
    """
    try:
        pa.DataFrameSchema(columns, strict=True).validate(rows, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return
    structural = {"column_in_dataframe": "missing", "column_in_schema": "surplus"}
    for kind, word in structural.items():
        names = cases.loc[cases["check"] == kind, "failure_case"]
        if len(names):
            raise TableError(
                f"{source}: {word} columns {', '.join(map(str, names))}; "
                f"{', '.join(columns)} expected"
            ) from None
    first = cases.iloc[0]
    alike = cases[(cases["column"] == first["column"]) & (cases["check"] == first["check"])]
    if pd.isna(first["index"]):
        raise TableError(
            f"{source}: {first['column']}: {first['failure_case']}, {first['check']} expected"
        )
    if first["check"] == "not_nullable":
        fault = "no value"
    else:
        fault = f"{first['failure_case']}, {first['check']} expected,"
    where = named_rows(alike["index"], place)
    raise TableError(f"{source}: {first['column']}: {fault} {where}")


def named_rows(rows: Iterable[int], place: Callable[[int], str] = "in line {}".format) -> str:
    """Return the first few places in words.

    Example:
        >>> named_rows([7, 8, 9, 12, 40])
        'in line 7, in line 8, in line 9 and 2 more'
    """
    rows = list(rows)
    more = f" and {len(rows) - ROWS_NAMED} more" if len(rows) > ROWS_NAMED else ""
    return ", ".join(place(row) for row in rows[:ROWS_NAMED]) + more


def value_columns(columns: Iterable[str], *, nullable: bool = False) -> dict[str, pa.Column]:
    """Return the schema of columns of values; infinite ones are out of any limits."""
    return {
        name: pa.Column(
            "float64",
            pa.Check.in_range(*LIMITS[name], error="{:,} to {:,} MW".format(*LIMITS[name])),
            nullable=nullable,
        )
        for name in columns
    }


def clock_column() -> pa.Column:
    """Return the schema of timestamps: present, at multiples of five minutes, ascending."""
    return pa.Column(
        "datetime64[us]",
        [
            pa.Check(lambda times: times.dt.floor(STEP) == times, error="a multiple of 5 minutes"),
            pa.Check(
                lambda times: ~(times.diff() <= pd.Timedelta(0)),
                error="a time after the row before it",
            ),
        ],
        coerce=True,
    )
