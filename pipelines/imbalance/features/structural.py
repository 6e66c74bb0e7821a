"""Structural imbalance: the imbalance that hourly plans cause because the load is smooth.

The plans imply a load, production minus export, that is a step function of the market hours. The
true load is approximated by a smooth curve through the centres of the hours. The structural
imbalance is the difference of the two, and it is known as soon as the plans are.

The curve in one hour depends on the next hour, but plans are known only two hours ahead.
`structural_ahead` therefore computes a separate curve for each origin from the plans known at that
origin. In the hour in which the plans end, it uses the mean of the known rows. Each later hour
changes as the same hour of the previous day did. `structural_in_hindsight` computes a single curve
from all hours. It is meant for plots, and forecasters must not use it.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from pipelines.imbalance.data.resolution import Clock

__all__ = ["planned_load", "structural_ahead", "structural_in_hindsight"]

HOURS = np.arange(-4, 3)
"""Hours, relative to the hour in which the plans end, on which a curve over two hours depends."""


def planned_load(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the load implied by the plans, planned production minus planned export, MW [rows]."""
    return (table["total"] - table["flow"]).to_numpy()


def structural_ahead(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the structural imbalance of each origin and its horizon, as known at the origin.

    An origin is the last row whose imbalance is known. The result depends only on plans from the
    day before the origin to two hours after it.

    The curve is a PCHIP, which is monotone between the knots (Fritsch and Butland, 1984), in its
    closed form for equally spaced knots.

    Args:
        table: The table, in rows of 5 or 15 minutes; see `schema`.

    Returns:
        Structural imbalance in MW, [rows - horizon, 1 + horizon], where the horizon is 24 or 8
        steps. Column `step` belongs to row `origin + step`. The last origin is two hours before the
        last row.

    Raises:
        ValueError: If the table is too short or its rows are not of 5 or 15 minutes.
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
        # hours since the start of the hour in which the plans end
        position = (last + steps - clock.horizon) / clock.hour + _centre_of_row(clock)
        knot = np.floor(position - 0.5)
        u = position - 0.5 - knot
        left = np.searchsorted(HOURS, knot)
        level, slope = levels[rows], slopes[rows]
        smooth = (
            level[:, left] * (1 + u**2 * (2 * u - 3))
            + level[:, left + 1] * u**2 * (3 - 2 * u)
            + slope[:, left] * u * (1 - u) ** 2
            + slope[:, left + 1] * u**2 * (u - 1)
        )
        structural[rows] = load[rows[:, None] + steps] - smooth
    return structural


def structural_in_hindsight(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the structural imbalance of all rows from one curve through all hours, MW [rows].

    Each value depends on plans of later hours, so it must not be used for forecasts. The curve is
    constant before the centre of the first hour and after the centre of the last one.

    Raises:
        ValueError: If the table is too short or its rows are not of 5 or 15 minutes.
    """
    clock, load = Clock.of(table), planned_load(table)
    hour = _hours(table, clock)
    centres = np.arange(hour[-1] + 1) + 0.5
    levels = np.bincount(hour, load) / np.bincount(hour)
    position = table.index.minute.to_numpy() / 60 + hour + _centre_of_row(clock)
    return load - PchipInterpolator(centres, levels)(position.clip(centres[0], centres[-1]))


def _hours(table: pd.DataFrame, clock: Clock) -> NDArray[np.int64]:
    """Return the number of the market hour of each row, from 0."""
    first = table.index[0].minute // clock.minutes
    return (first + np.arange(len(table))) // clock.hour


def _centre_of_row(clock: Clock) -> float:
    """Return the effective time of a row, in hours after its start.

    A five-minute value represents the start of its interval, which fits the measured imbalance
    best. The mean of three such values then represents a time five minutes later.
    """
    return (clock.minutes - 5) / 120


def _known_levels(
    load: NDArray[np.float64], hour: NDArray[np.int64], last: NDArray[np.int64], clock: Clock
) -> NDArray[np.float64]:
    """Return the load in each of `HOURS` around the rows `last` where plans end, [last, 7]."""
    ends = np.flatnonzero(np.diff(hour, append=-1)) + 1
    starts = np.concatenate([[0], ends[:-1]])
    sums = np.concatenate([[0.0], load.cumsum()])
    means = (sums[ends] - sums[starts]) / (ends - starts)
    final = hour[last]
    levels = np.empty((len(last), len(HOURS)))
    for column, offset in enumerate(HOURS):
        if offset < 0:
            # the curve is constant before the first hour
            levels[:, column] = means[np.maximum(final + offset, 0)]
        elif offset == 0:
            levels[:, column] = (sums[last + 1] - sums[starts[final]]) / (last + 1 - starts[final])
        else:
            yesterday = np.maximum(final + offset - 24, 0)
            step = means[yesterday] - means[np.maximum(yesterday - 1, 0)]
            levels[:, column] = levels[:, column - 1] + step
    return levels


def _slopes(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the PCHIP slopes at hourly knots, [origins, hours]; the ends are unused and 0."""
    before, after = np.diff(levels[:, :-1]), np.diff(levels[:, 1:])
    slopes = np.zeros_like(levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = np.where(before * after > 0, 2 * before * after / (before + after), 0.0)
    slopes[:, 1:-1] = inner
    return slopes
