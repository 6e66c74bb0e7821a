"""Features: what is known of every row, so arranged that windows about any origin are a look-up.

An origin is a row, the last one whose imbalance is known; forecasts are of the two hours after it.
Of the imbalance only rows up to the origin count, of the plans only rows up to two hours after it.
Every column here is a matter of rows before, or at, its own, so no window can look ahead.

Regulation (`sys_reg`) counts as a plan, as those who publish the series describe it: the planned
activation of balancing services. It moves the imbalance megawatt for megawatt the moment it
changes, so much hangs on its really being known two hours ahead.

Levels of plans drift with seasons that a few months of training have not seen; changes from the
origin to a later row do not. So plans enter as `changes`, and those of production and flow as what
is unusual in them, the difference from the mean of the same time of the seven days before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.data.calendar import calendar_features, local_time
from pipelines.imbalance.data.resolution import Clock
from pipelines.imbalance.features.limits import Limits
from pipelines.imbalance.features.structural import structural_ahead

__all__ = ["CHANGES", "HISTORY", "MEANS", "Features", "make_features"]

PLANS = ("hydro", "micro", "thermal", "wind", "river", "flow")
PROFILE_DAYS = (1, 3, 7)

CHANGES = (
    "sys_reg",
    *(f"unusual_{name}" for name in PLANS),
    *(f"profile_{days}_days" for days in PROFILE_DAYS),
)
"""Columns of `Features.changes`."""

MEANS = (3, 6, 12, 24)
"""Hours of the running means."""

HISTORY = pd.Timedelta(days=7, hours=3)
"""How much of the table must lie before an origin."""


@dataclass(frozen=True, eq=False)
class Features:
    """What is known of each row of a table. Imbalance of the last two hours may be missing.

    Attributes:
        clock: Of the table.
        times: When each row begins, UTC.
        imbalance: As it was measured, to score with, MW [rows].
        limited: The imbalance within the limits, to learn from, MW [rows].
        target: What is forecast, known up to the last origin, MW [rows - horizon]: the imbalance
            within the limits, for altered features less the structural imbalance known at that row.
        structural: Of each origin and the steps after it, MW [rows - horizon, 1 + horizon]; see
            `structural_ahead`.
        altered: Whether the target is without structural imbalance.
        means: Of the target over `MEANS` hours up to and with each row, MW [rows - horizon, 4].
        changes: The columns of `CHANGES`, of which the difference from the origin counts, MW
            [rows, 10]: regulation, unusual plans, and the mean of the target at the same time of
            the 1, 3 and 7 days before.
        calendar: The columns of `calendar.CALENDAR`, [rows, 9].
        date: Number of the Norwegian calendar day, [rows].
    """

    clock: Clock
    times: pd.DatetimeIndex
    imbalance: NDArray[np.float64]
    limited: NDArray[np.float64]
    target: NDArray[np.float64]
    structural: NDArray[np.float64]
    altered: bool
    means: NDArray[np.float64]
    changes: NDArray[np.float64]
    calendar: NDArray[np.float64]
    date: NDArray[np.int64]

    @property
    def origins(self) -> NDArray[np.int64]:
        """Every row with enough history before it and two hours of plans after it."""
        first = int(HISTORY / pd.Timedelta(minutes=self.clock.minutes))
        return np.arange(first, len(self.target))

    def origins_between(self, first: pd.Timestamp, end: pd.Timestamp) -> NDArray[np.int64]:
        """Return the origins whose every step is in [first, end); history may reach before it."""
        origins = self.origins
        after = self.times[origins + 1] >= first
        before = self.times[origins + self.clock.horizon] < end
        return origins[after & before]

    def ahead(self, origins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of the steps after each origin, [origins, horizon]."""
        return origins[:, None] + np.arange(1, self.clock.horizon + 1)

    def truth(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the measured imbalance, to score with, MW [origins, horizon]."""
        return self.imbalance[self.ahead(origins)]

    def movement(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the training target: its change since the origin, MW [origins, horizon]."""
        aims = self.limited[self.ahead(origins)] - self.offset(origins)
        return aims - self.target[origins, None]

    def offset(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the part to add back to forecasts of the target, MW [origins, horizon]."""
        if self.altered:
            return self.structural[origins, 1:]
        return np.zeros((len(origins), self.clock.horizon))


def make_features(table: pd.DataFrame, limits: Limits, *, altered: bool) -> Features:
    """Compute the features of a table.

    Args:
        table: In rows of 5 or 15 minutes; see `schema`. The imbalance of the last two hours is not
            looked at but to score forecasts with, and may be NaN.
        limits: Fitted on training rows.
        altered: Whether to forecast the imbalance without its structural part.

    Raises:
        ValueError: If the table is too short, or not in rows of 5 or 15 minutes.
    """
    clock = Clock.of(table)
    imbalance = table["y"].to_numpy()
    structural = structural_ahead(table)
    limited = limits.limited(imbalance)
    target = limited[: -clock.horizon]
    if altered:
        target = target - structural[:, 0]
    unusual = [
        plan - _usual(plan, 7, clock, len(table))
        for plan in (table[name].to_numpy() for name in PLANS)
    ]
    profiles = [_usual(target, days, clock, len(table)) for days in PROFILE_DAYS]
    return Features(
        clock=clock,
        times=pd.DatetimeIndex(table.index),
        imbalance=imbalance,
        limited=limited,
        target=target,
        structural=structural,
        altered=altered,
        means=_running_means(target, [hours * clock.hour for hours in MEANS]),
        changes=np.column_stack([table["sys_reg"].to_numpy(), *unusual, *profiles]),
        calendar=calendar_features(table.index),
        date=(local_time(table.index).normalize() - pd.Timestamp(0)).days.to_numpy(),
    )


def _usual(series: NDArray[np.float64], days: int, clock: Clock, rows: int) -> NDArray[np.float64]:
    """Return the mean at the same time of the given days before, NaN at first, [rows]."""
    mean = np.full(rows, np.nan)
    first = days * clock.day
    if rows > first:
        mean[first:] = (
            sum(series[first - day : rows - day] for day in clock.day * np.arange(1, days + 1))
            / days
        )
    return mean


def _running_means(series: NDArray[np.float64], widths: Sequence[int]) -> NDArray[np.float64]:
    """Return means over the rows up to and with each row, NaN at first, [rows, widths]."""
    sums = np.concatenate([[0.0], series.cumsum()])
    means = np.full((len(series), len(widths)), np.nan)
    for column, width in enumerate(widths):
        means[width - 1 :, column] = (sums[width:] - sums[:-width]) / width
    return means
