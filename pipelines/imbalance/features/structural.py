"""Structural imbalance: what comes from plans being hourly steps while the load is smooth.

The plans imply a load, production less export, that jumps from market hour to market hour. The true
load is taken for the smooth curve through the middles of the hours. The difference is an imbalance
that is known as soon as the plans are.

A curve through hours needs the hour after the one it is asked for, and a forecaster knows the plans
up to two hours ahead only. So `structural_ahead` draws, for every origin, the curve of the plans
known at that origin: of the hour in which they end, the mean of what is known; the hours after it
are taken to differ from their predecessors as they did the day before. `structural_in_hindsight`
draws one curve through all hours; pictures use it, forecasters must not.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from pipelines.imbalance.data.resolution import Clock

__all__ = ["planned_load", "structural_ahead", "structural_in_hindsight"]

HOURS = np.arange(-4, 3)
"""Hours, counted from the one in which the plans end, that the curve over two hours may touch."""


def planned_load(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the load that the plans imply: planned production less planned export, MW [rows]."""
    return (table["total"] - table["flow"]).to_numpy()


def structural_ahead(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the structural imbalance of each origin and the two hours after it, as known then.

    An origin is a row, the last one whose imbalance is known; plans are known up to two hours after
    it. No later plan makes a difference, and none before the day before that.

    The curve is a PCHIP, monotone between the knots (Fritsch and Butland, 1984), in the closed form
    that equally spaced knots allow.

    Args:
        table: In rows of 5 or 15 minutes; see `schema`.

    Returns:
        MW [rows - horizon, 1 + horizon], horizon being 24 or 8: of row `origin + step` in column
        `step`, 0 for the origin itself. The last origin is the row two hours before the last.

    Raises:
        ValueError: If the table is too short, or not in rows of 5 or 15 minutes.
    """
    clock, load = Clock.of(table), planned_load(table)
    hour, steps = _hours(table, clock), np.arange(clock.horizon + 1)
    origins = np.arange(len(load) - clock.horizon)
    levels = _known_levels(load, hour, origins + clock.horizon, clock)
    slopes = _slopes(levels)
    in_hour = (table.index[clock.horizon :].minute // clock.minutes).to_numpy()
    structural = np.empty((len(origins), len(steps)))
    for last in range(clock.hour):
        rows = origins[in_hour == last]
        # hours from the beginning of the hour in which the plans end
        at = (last + steps - clock.horizon) / clock.hour + _middle_of_row(clock)
        knot = np.floor(at - 0.5)
        share = at - 0.5 - knot
        left = np.searchsorted(HOURS, knot)
        level, slope = levels[rows], slopes[rows]
        smooth = (
            level[:, left] * (1 + share**2 * (2 * share - 3))
            + level[:, left + 1] * share**2 * (3 - 2 * share)
            + slope[:, left] * share * (1 - share) ** 2
            + slope[:, left + 1] * share**2 * (share - 1)
        )
        structural[rows] = load[rows[:, None] + steps] - smooth
    return structural


def structural_in_hindsight(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return structural imbalance of every row from the curve through all hours, MW [rows].

    Every value depends on plans of the hours after it: this shows, it does not forecast. Before the
    first middle of an hour and after the last one the curve is flat.

    Raises:
        ValueError: If the table is too short, or not in rows of 5 or 15 minutes.
    """
    clock, load = Clock.of(table), planned_load(table)
    hour = _hours(table, clock)
    middles = np.arange(hour[-1] + 1) + 0.5
    levels = np.bincount(hour, load) / np.bincount(hour)
    at = table.index.minute.to_numpy() / 60 + hour + _middle_of_row(clock)
    return load - PchipInterpolator(middles, levels)(at.clip(middles[0], middles[-1]))


def _hours(table: pd.DataFrame, clock: Clock) -> NDArray[np.int64]:
    """Return the number of the market hour of every row, from 0."""
    first = table.index[0].minute // clock.minutes
    return (first + np.arange(len(table))) // clock.hour


def _middle_of_row(clock: Clock) -> float:
    """Return the middle of a row, in hours from its beginning.

    A value of five minutes counts for the moment at which they begin, which fits the measured
    imbalance best; a mean of three such values then counts for five minutes later.
    """
    return (clock.minutes - 5) / 120


def _known_levels(
    load: NDArray[np.float64], hour: NDArray[np.int64], last: NDArray[np.int64], clock: Clock
) -> NDArray[np.float64]:
    """Return the load of each of `HOURS` about the rows where the plans end, [len(last), 7]."""
    ends = np.flatnonzero(np.diff(hour, append=-1)) + 1
    starts = np.concatenate([[0], ends[:-1]])
    sums = np.concatenate([[0.0], load.cumsum()])
    whole = (sums[ends] - sums[starts]) / (ends - starts)
    final = hour[last]
    levels = np.empty((len(last), len(HOURS)))
    for column, offset in enumerate(HOURS):
        if offset < 0:
            # before the first hour the curve is flat
            levels[:, column] = whole[np.maximum(final + offset, 0)]
        elif offset == 0:
            levels[:, column] = (sums[last + 1] - sums[starts[final]]) / (last + 1 - starts[final])
        else:
            yesterday = np.maximum(final + offset - 24, 0)
            step = whole[yesterday] - whole[np.maximum(yesterday - 1, 0)]
            levels[:, column] = levels[:, column - 1] + step
    return levels


def _slopes(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slopes of PCHIP at hourly knots, [origins, hours]; 0 at the ends, not used."""
    before, after = np.diff(levels[:, :-1]), np.diff(levels[:, 1:])
    slopes = np.zeros_like(levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = np.where(before * after > 0, 2 * before * after / (before + after), 0.0)
    slopes[:, 1:-1] = inner
    return slopes
