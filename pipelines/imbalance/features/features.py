"""Features of each row of a table, arranged so that a window around any origin is a look-up.

An origin is the last row whose imbalance is known. Forecasts are for the two hours after it. They
may use the imbalance up to the origin, and plans up to two hours after it. Every feature of a row
depends only on that row and earlier ones, so no window can look ahead.

Regulation (`sys_reg`) is treated as a plan, because the publishers of the series describe it as the
planned activation of balancing services. It changes the imbalance by the same number of megawatts
at the same time. Good forecasts therefore depend on regulation being known two hours ahead.

The levels of plans drift with the seasons, which a few months of training data do not cover, but
their changes after the origin do not drift. Plans therefore enter as `changes`. Production and flow
enter as unusual plans: the difference from the mean at the same time of the previous seven days.
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
"""Names of the columns of `Features.changes`."""

MEANS = (3, 6, 12, 24)
"""Widths of the running means in hours."""

HISTORY = pd.Timedelta(days=7, hours=3)
"""Length of the history that an origin requires."""


@dataclass(frozen=True, eq=False)
class Features:
    """The features of each row of a table. The imbalance of the last two hours may be missing.

    Attributes:
        clock: Resolution of the table.
        times: Start time of each row, UTC.
        imbalance: Measured imbalance, used for scores, MW [rows].
        limited: Imbalance clipped to the limits, used for training, MW [rows].
        target: The forecast quantity, MW [rows - horizon]: the clipped imbalance or, for residual
            features, the clipped imbalance minus the structural imbalance known at that row.
        structural: Structural imbalance of each origin and the steps after it, MW
            [rows - horizon, 1 + horizon]; see `structural_ahead`.
        residual: Whether the target excludes the structural imbalance.
        means: Running means of the target over `MEANS` hours up to and including each row, MW
            [rows - horizon, 4].
        changes: The columns of `CHANGES`, MW [rows, 10]: regulation, unusual plans, and profiles.
            A profile is the mean of the target at the same time of the previous 1, 3 or 7 days.
            Models use differences from the origin.
        calendar: The columns of `calendar.CALENDAR`, [rows, 9].
        date: Number of the Norwegian calendar day, [rows].
    """

    clock: Clock
    times: pd.DatetimeIndex
    imbalance: NDArray[np.float64]
    limited: NDArray[np.float64]
    target: NDArray[np.float64]
    structural: NDArray[np.float64]
    residual: bool
    means: NDArray[np.float64]
    changes: NDArray[np.float64]
    calendar: NDArray[np.float64]
    date: NDArray[np.int64]

    @property
    def origins(self) -> NDArray[np.int64]:
        """All rows with enough history before and two hours of plans after them."""
        first = int(HISTORY / pd.Timedelta(minutes=self.clock.minutes))
        return np.arange(first, len(self.target))

    def origins_between(self, first: pd.Timestamp, end: pd.Timestamp) -> NDArray[np.int64]:
        """Return the origins whose steps all lie in [first, end); their history may be earlier."""
        origins = self.origins
        starts_after = self.times[origins + 1] >= first
        ends_before = self.times[origins + self.clock.horizon] < end
        return origins[starts_after & ends_before]

    def ahead(self, origins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of the steps after each origin, [origins, horizon]."""
        return origins[:, None] + np.arange(1, self.clock.horizon + 1)

    def truth(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the measured imbalance for scores, MW [origins, horizon]."""
        return self.imbalance[self.ahead(origins)]

    def movement(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the change of the target since each origin, MW [origins, horizon].

        Forecasters are trained on this movement.
        """
        future = self.limited[self.ahead(origins)] - self.offset(origins)
        return future - self.target[origins, None]

    def offset(self, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the difference between imbalance and target, MW [origins, horizon].

        Adding it to a forecast of the target gives a forecast of the imbalance.
        """
        if self.residual:
            return self.structural[origins, 1:]
        return np.zeros((len(origins), self.clock.horizon))


def make_features(table: pd.DataFrame, limits: Limits, *, residual: bool) -> Features:
    """Compute the features of a table.

    Args:
        table: The table, in rows of 5 or 15 minutes; see `schema`. The imbalance of the last two
            hours is used only for scores and may be NaN.
        limits: Clipping limits, fitted on the training rows.
        residual: Whether the target is the imbalance without its structural component.

    Raises:
        ValueError: If the table is too short, or not in rows of 5 or 15 minutes.
    """
    clock = Clock.of(table)
    imbalance = table["y"].to_numpy()
    structural = structural_ahead(table)
    limited = limits.limited(imbalance)
    target = limited[: -clock.horizon]
    if residual:
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
        residual=residual,
        means=_running_means(target, [hours * clock.hour for hours in MEANS]),
        changes=np.column_stack([table["sys_reg"].to_numpy(), *unusual, *profiles]),
        calendar=calendar_features(table.index),
        date=(local_time(table.index).normalize() - pd.Timestamp(0)).days.to_numpy(),
    )


def _usual(series: NDArray[np.float64], days: int, clock: Clock, rows: int) -> NDArray[np.float64]:
    """Return the mean at the same time of the previous days, NaN without such days, [rows]."""
    mean = np.full(rows, np.nan)
    first = days * clock.day
    if rows > first:
        mean[first:] = (
            sum(series[first - day : rows - day] for day in clock.day * np.arange(1, days + 1))
            / days
        )
    return mean


def _running_means(series: NDArray[np.float64], widths: Sequence[int]) -> NDArray[np.float64]:
    """Return running means up to and including each row, NaN at the start, [rows, widths]."""
    sums = np.concatenate([[0.0], series.cumsum()])
    means = np.full((len(series), len(widths)), np.nan)
    for column, width in enumerate(widths):
        means[width - 1 :, column] = (sums[width:] - sums[:-width]) / width
    return means
