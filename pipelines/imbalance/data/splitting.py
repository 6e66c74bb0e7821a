"""Chronological training, validation and test splits of a table."""

import math
from dataclasses import dataclass

import pandas as pd

__all__ = ["Split", "split_by_fractions", "split_by_times"]


@dataclass(frozen=True)
class Split:
    """Consecutive training, validation and test splits that together contain each row once.

    Attributes:
        train: The earliest rows.
        validation: The rows between training and test.
        test: The latest rows.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


def split_by_fractions(table: pd.DataFrame, train: float, validation: float) -> Split:
    """Split a table by fractions of its rows; the test split gets the remaining rows.

    Args:
        table: The table; see `schema`.
        train: Fraction of the training split, above 0.
        validation: Fraction of the validation split, above 0. The two fractions sum to less than 1.

    Raises:
        ValueError: If a fraction is out of range, or a split would be empty.

    Example:
        >>> times = pd.date_range("2021-03-01", periods=10, freq="5min", name="start_time")
        >>> split = split_by_fractions(pd.DataFrame({"y": range(10)}, times), 0.7, 0.2)
        >>> [len(rows) for rows in (split.train, split.validation, split.test)]
        [7, 2, 1]
    """
    if not (train > 0 and validation > 0 and train + validation < 1):
        raise ValueError(
            f"train, validation: {train}, {validation}, positive fractions below 1 together "
            "expected"
        )
    # Exact for fractions such as 0.7 and 0.2, whose sum as floats is below 0.9.
    ends = [math.floor(fraction * len(table) + 1e-6) for fraction in (train, train + validation)]
    if not 0 < ends[0] < ends[1] < len(table):
        raise ValueError(
            f"table: {len(table)} rows, enough for {train} to train and {validation} to validate "
            "and a rest to test expected"
        )
    return Split(table.iloc[: ends[0]], table.iloc[ends[0] : ends[1]], table.iloc[ends[1] :])


def split_by_times(
    table: pd.DataFrame, validation_start: str | pd.Timestamp, test_start: str | pd.Timestamp
) -> Split:
    """Split a table at two times.

    Args:
        table: The table; see `schema`.
        validation_start: First time of the validation split, UTC. Earlier rows are the training
            split.
        test_start: First time of the test split, UTC.

    Raises:
        ValueError: If an argument is not a time, or a split would be empty.

    Example:
        >>> times = pd.date_range("2021-03-01", periods=10, freq="5min", name="start_time")
        >>> split = split_by_times(
        ...     pd.DataFrame({"y": range(10)}, times), "2021-03-01 00:30", "2021-03-01 00:45"
        ... )
        >>> split.test.index[0]
        Timestamp('2021-03-01 00:45:00')
    """
    first, second = (
        parse_time(name, value)
        for name, value in (("validation_start", validation_start), ("test_start", test_start))
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
    """Return a time as UTC without a time zone; `name` identifies it in error messages."""
    try:
        timestamp = pd.Timestamp(time)
    except ValueError:
        raise ValueError(f"{name}: {time!r}, a time such as '2021-05-16 20:10' expected") from None
    if timestamp is pd.NaT:
        raise ValueError(f"{name}: {time!r}, a time such as '2021-05-16 20:10' expected")
    return timestamp if timestamp.tz is None else timestamp.tz_convert("UTC").tz_localize(None)
