"""The clock of a table: how long a row lasts, and how many rows an hour, a day or a horizon has."""

from dataclasses import dataclass

import pandas as pd

from pipelines.imbalance.data.schema import STEP

__all__ = ["HORIZON", "RESOLUTIONS", "Clock", "at_resolution"]

HORIZON = pd.Timedelta(hours=2)
"""How far ahead forecasts reach, and plans are known."""

RESOLUTIONS = (5, 15)
"""How long a row may last, in minutes."""


@dataclass(frozen=True)
class Clock:
    """The clock of a table.

    Attributes:
        minutes: How long a row lasts.
    """

    minutes: int

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Clock":
        """Return the clock of a table without gaps.

        Raises:
            ValueError: If there are fewer rows than one origin and its horizon take, or if the time
                between them is not one of `RESOLUTIONS` throughout.
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
        """Rows in an hour."""
        return 60 // self.minutes

    @property
    def day(self) -> int:
        """Rows in a day."""
        return 24 * self.hour

    @property
    def horizon(self) -> int:
        """Rows, and steps of a forecast, in the horizon."""
        return int(HORIZON / pd.Timedelta(minutes=self.minutes))


def at_resolution(table: pd.DataFrame, minutes: int) -> pd.DataFrame:
    """Return the table in rows of 5 or 15 minutes, each the mean of the rows it covers.

    What is left over before the first and after the last whole row is left out.

    Args:
        table: In rows of 5 minutes; see `schema`.
        minutes: How long a row shall last, 5 or 15.

    Raises:
        ValueError: If `minutes` is another number.
    """
    if minutes not in RESOLUTIONS:
        raise ValueError(f"minutes: {minutes}, 5 or 15 expected")
    length = pd.Timedelta(minutes=minutes)
    if length == STEP:
        return table
    whole = table.loc[table.index[0].ceil(length) : (table.index[-1] + STEP).floor(length) - STEP]
    return whole.resample(length).mean()
