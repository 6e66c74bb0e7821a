"""The schema of a table of the area: its columns, its time index and credible values.

A table is a DataFrame with float64 columns in MW. Its index `start_time` (UTC, without a time zone)
increases in steps of five minutes.
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
"""Name of the index: start of the five-minute interval, UTC."""

STEP = pd.Timedelta(minutes=5)
"""Time between rows."""

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
"""Minimum and maximum credible value of each column in MW.

The limits are wide, about the installed capacity of the Nordic countries, because real series
contain imbalances down to -56,379 MW. Training clips such outliers (see `features.limits`), and
evaluation includes them. Hydro may be negative because of pumping, and wind because turbines
consume some power.
"""

COLUMNS = tuple(LIMITS)
"""The columns of a table, in order."""

GROSS = 1500.0
"""Absolute imbalance in MW above which a value is a recording error."""

ROWS_NAMED = 3


class TableError(ValueError):
    """A table or its file is invalid. The message names the fault and its place in one line."""


def gross_outliers(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows have an absolute imbalance above `GROSS`."""
    return table["y"].abs() > GROSS


def check_table(
    table: pd.DataFrame, *, columns: Sequence[str] = COLUMNS, source: str = "table"
) -> None:
    """Check that a table conforms to the schema, without changing it.

    Args:
        table: The table.
        columns: Required columns, a subset of `COLUMNS`, in this order. Tables of future hours have
            only the plans.
        source: Name of the table in error messages.

    Raises:
        TableError: If a column is missing, unexpected or not float64. If a value is missing,
            infinite or outside `LIMITS`. If the index is not `start_time`, without a time zone and
            in steps of five minutes. The message names the column and the first rows.

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
    """Check rows against column schemas, and report faults in one line.

    Args:
        rows: The rows with `start_time` as a column, and an identifier of each row as index.
        columns: Schema of each required column. Other columns are not allowed.
        source: Name of the rows in error messages.
        place: Function that describes the place of a row, given its identifier.

    Raises:
        TableError: If a row does not conform. The message names the first column at fault and its
            first rows.
    """
    try:
        pa.DataFrameSchema(columns, strict=True).validate(rows, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return
    column_faults = {"column_in_dataframe": "missing", "column_in_schema": "unexpected"}
    for kind, fault in column_faults.items():
        names = cases.loc[cases["check"] == kind, "failure_case"]
        if len(names):
            raise TableError(
                f"{source}: {fault} columns {', '.join(map(str, names))}; "
                f"{', '.join(columns)} expected"
            ) from None
    first = cases.iloc[0]
    similar = cases[(cases["column"] == first["column"]) & (cases["check"] == first["check"])]
    if pd.isna(first["index"]):
        raise TableError(
            f"{source}: {first['column']}: {first['failure_case']}, {first['check']} expected"
        )
    if first["check"] == "not_nullable":
        fault = "no value"
    else:
        fault = f"{first['failure_case']}, {first['check']} expected,"
    places = named_rows(similar["index"], place)
    raise TableError(f"{source}: {first['column']}: {fault} {places}")


def named_rows(rows: Iterable[int], place: Callable[[int], str] = "in line {}".format) -> str:
    """Return a text that names the first few rows.

    Example:
        >>> named_rows([7, 8, 9, 12, 40])
        'in line 7, in line 8, in line 9 and 2 more'
    """
    rows = list(rows)
    more = f" and {len(rows) - ROWS_NAMED} more" if len(rows) > ROWS_NAMED else ""
    return ", ".join(place(row) for row in rows[:ROWS_NAMED]) + more


def value_columns(columns: Iterable[str], *, nullable: bool = False) -> dict[str, pa.Column]:
    """Return the schemas of value columns; infinite values are outside all limits."""
    return {
        name: pa.Column(
            "float64",
            pa.Check.in_range(*LIMITS[name], error="{:,} to {:,} MW".format(*LIMITS[name])),
            nullable=nullable,
        )
        for name in columns
    }


def clock_column() -> pa.Column:
    """Return the schema of the times: not missing, multiples of five minutes, ascending."""
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
