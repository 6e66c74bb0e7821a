"""A table in three parts by time: the past to train on, then validation, then test."""

import math
from dataclasses import dataclass

import pandas as pd

__all__ = ["Split", "split_by_fractions", "split_by_times"]


@dataclass(frozen=True)
class Split:
    """Three parts of a table, one after the other, that share no row and leave none out.

    Attributes:
        train: The earliest rows.
        validation: Those after them.
        test: The latest rows.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


def split_by_fractions(table: pd.DataFrame, train: float, validation: float) -> Split:
    """Split a table by shares of its time; the test part takes the rest.

    Args:
        table: See `schema`.
        train: Share of the rows, above 0.
        validation: Share of the rows, above 0; together with `train` below 1.

    Raises:
        ValueError: If a share is out of range, or a part would be empty.

    Example:
        >>> times = pd.date_range("2021-03-01", periods=10, freq="5min", name="start_time")
        >>> split = split_by_fractions(pd.DataFrame({"y": range(10)}, times), 0.7, 0.2)
        >>> [len(part) for part in (split.train, split.validation, split.test)]
        [7, 2, 1]
    """
    if not (train > 0 and validation > 0 and train + validation < 1):
        raise ValueError(
            f"train, validation: {train}, {validation}, positive fractions below 1 together "
            "expected"
        )
    # Exact for shares like 0.7 and 0.2, whose sum as floats lies below 0.9.
    ends = [math.floor(share * len(table) + 1e-6) for share in (train, train + validation)]
    if not 0 < ends[0] < ends[1] < len(table):
        raise ValueError(
            f"table: {len(table)} rows, enough for {train} to train and {validation} to validate "
            "and a rest to test expected"
        )
    return Split(table.iloc[: ends[0]], table.iloc[ends[0] : ends[1]], table.iloc[ends[1] :])


def split_by_times(
    table: pd.DataFrame, validation_start: str | pd.Timestamp, test_start: str | pd.Timestamp
) -> Split:
    """Split a table at two moments.

    Args:
        table: See `schema`.
        validation_start: The first time of the validation part, UTC; what is earlier trains.
        test_start: The first time of the test part.

    Raises:
        ValueError: If one is no time in UTC, or the table does not begin before the first, have
            rows between the two, and go on after the second.

    Example:
        >>> times = pd.date_range("2021-03-01", periods=10, freq="5min", name="start_time")
        >>> split = split_by_times(
        ...     pd.DataFrame({"y": range(10)}, times), "2021-03-01 00:30", "2021-03-01 00:45"
        ... )
        >>> split.test.index[0]
        Timestamp('2021-03-01 00:45:00')
    """
    first, second = (
        parse_time(name, time)
        for name, time in (("validation_start", validation_start), ("test_start", test_start))
    )
    begin, end = table.index[0], table.index[-1]
    if not begin < first < second <= end:
        raise ValueError(
            f"validation_start, test_start: {first}, {second}, in this order and within the table, "
            f"after {begin} and not after {end}, expected"
        )
    split = Split(
        table[table.index < first],
        table[(table.index >= first) & (table.index < second)],
        table[table.index >= second],
    )
    if split.validation.empty:
        raise ValueError(
            f"validation_start, test_start: {first}, {second}, a row between the two expected"
        )
    return split


def parse_time(name: str, time: str | pd.Timestamp) -> pd.Timestamp:
    """Parse a moment, as UTC without a time zone."""
    try:
        moment = pd.Timestamp(time)
    except ValueError:
        raise ValueError(f"{name}: {time!r}, a time such as '2021-05-16 20:10' expected") from None
    if moment is pd.NaT:
        raise ValueError(f"{name}: {time!r}, a time such as '2021-05-16 20:10' expected")
    return moment if moment.tz is None else moment.tz_convert("UTC").tz_localize(None)
