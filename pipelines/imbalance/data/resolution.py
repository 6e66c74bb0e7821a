"""The resolution of a table, and conversion to a coarser one."""

from dataclasses import dataclass

import pandas as pd

from pipelines.imbalance.data.schema import STEP

__all__ = ["HORIZON", "RESOLUTIONS", "Clock", "at_resolution"]

HORIZON = pd.Timedelta(hours=2)
"""Horizon of the forecasts, and of the plans known at an origin."""

RESOLUTIONS = (5, 15)
"""Supported durations of a row in minutes."""


@dataclass(frozen=True)
class Clock:
    """The resolution of a table, and the number of its rows per hour, day and horizon.

    Attributes:
        minutes: Duration of a row in minutes.
    """

    minutes: int

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Clock":
        """Return the clock of a table without gaps.

        Raises:
            ValueError: If the table has fewer rows than one origin and its horizon, or the time
                between rows is not constant and one of `RESOLUTIONS`.
        """
        if len(table) < 2:
            raise ValueError(f"table: {len(table)} rows, at least an origin and two hours expected")
        steps = set((table.index[1:] - table.index[:-1]) / pd.Timedelta(minutes=1))
        if len(steps) != 1 or not steps <= set(RESOLUTIONS):
            raise ValueError(
                f"table: {sorted(steps)[:3]} minutes between rows, always 5 or always 15 expected"
            )
        clock = cls(int(steps.pop()))
        if len(table) <= clock.horizon:
            raise ValueError(f"table: {len(table)} rows, at least {clock.horizon + 1} expected")
        return clock

    @property
    def hour(self) -> int:
        """Number of rows per hour."""
        return 60 // self.minutes

    @property
    def day(self) -> int:
        """Number of rows per day."""
        return 24 * self.hour

    @property
    def horizon(self) -> int:
        """Number of rows, and of forecast steps, in the horizon."""
        return int(HORIZON / pd.Timedelta(minutes=self.minutes))


def at_resolution(table: pd.DataFrame, minutes: int) -> pd.DataFrame:
    """Resample a table to rows of 5 or 15 minutes by averaging.

    Incomplete rows at the start and the end are dropped.

    Args:
        table: The table, in rows of 5 minutes; see `schema`.
        minutes: Duration of a row, 5 or 15.

    Raises:
        ValueError: If `minutes` is neither 5 nor 15.
    """
    if minutes not in RESOLUTIONS:
        raise ValueError(f"minutes: {minutes}, 5 or 15 expected")
    length = pd.Timedelta(minutes=minutes)
    if length == STEP:
        return table
    rows = table.loc[table.index[0].ceil(length) : (table.index[-1] + STEP).floor(length) - STEP]
    return rows.resample(length).mean()
