"""The simulated market: a smooth load, and hourly plans to meet it.

Daily profiles were measured in the area NO1 from March to June 2021. Levels, standard deviations
and time constants were adjusted until the statistics of `statistics.describe` agreed with that
file. Other seasons follow a cosine with a period of one year.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.signal import lfilter

from pipelines.imbalance.data.calendar import CALENDAR, calendar_features, local_time

__all__ = ["Calendar", "Market", "local_calendar", "ornstein_uhlenbeck", "simulate_market"]

ROWS = 12
"""Number of five-minute rows per hour."""

WORKDAY_LOAD = (
    -368, -474, -514, -507, -459, -307, 98, 511, 645, 587, 476, 366,
    285, 211, 175, 165, 185, 215, 233, 244, 230, 175, 42, -146,
)  # fmt: skip
"""Measured mean load in MW by local hour of a workday, minus the weekly mean."""

DAY_OFF_LOAD = (
    -382, -472, -519, -517, -506, -478, -397, -310, -195, -73, -13, -33,
    -101, -162, -199, -206, -180, -125, -50, -30, -38, -61, -151, -265,
)  # fmt: skip
"""Measured mean load on Saturdays, Sundays and public holidays, minus the weekly mean."""

FLOW_RAMP = {-1: 0.2, 0: 0.7}
"""Completed share of an hourly step of the planned flow, one row before and at the full hour.

In the real file, the flow ramps from seven minutes before to three minutes after each full hour.
"""


@dataclass(frozen=True)
class Calendar:
    """Calendar features of each hour.

    Attributes:
        hour: Local hour of the day, with daylight saving time, int [hours].
        day_off: Whether the day is a Saturday, a Sunday or a Norwegian public holiday [hours].
        winter: Season, from 1 in the middle of January to -1 in the middle of July [hours].
        flood: Snowmelt, from 0 to 1 in late spring [hours].
    """

    hour: NDArray[np.integer]
    day_off: NDArray[np.bool_]
    winter: NDArray[np.float64]
    flood: NDArray[np.float64]


@dataclass(frozen=True)
class Market:
    """Plans, and the load for which they were made.

    Attributes:
        plans: The columns hydro, micro, thermal, wind, river, total and flow in MW [rows].
        load: True load without noise in MW [rows].
        calendar: Calendar of the hours.
    """

    plans: pd.DataFrame
    load: NDArray[np.float64]
    calendar: Calendar


def simulate_market(hours: pd.DatetimeIndex, rng: np.random.Generator) -> Market:
    """Simulate load and plans of consecutive hours.

    The load has daily, weekly and yearly cycles, and weather effects that last hours or days. The
    planned flow is the planned production minus the mean load of the hour.

    Args:
        hours: Consecutive hours, UTC.
        rng: Random number generator.

    Returns:
        The market with twelve rows per hour.
    """
    count = len(hours)
    calendar = local_calendar(hours)
    shape = np.where(
        calendar.day_off,
        np.take(DAY_OFF_LOAD, calendar.hour),
        np.take(WORKDAY_LOAD, calendar.hour),
    )
    weather = ornstein_uhlenbeck(count, 72, 260, rng)
    passing = lfilter([0.5, 0.5], 1, ornstein_uhlenbeck(count, 6, 150, rng))
    level = 4150 + 1600 * calendar.winter + weather
    load = (level + shape * (1.06 + 0.15 * calendar.winter) + passing).clip(min=500)
    smooth = PchipInterpolator(np.arange(count) + 0.5, load, extrapolate=True)(
        np.arange(count * ROWS) / ROWS
    )
    needed = smooth.reshape(-1, ROWS).mean(axis=1)

    production = {
        "hydro": plan_hydro(calendar, shape + passing, rng),
        "micro": plan_micro(calendar, rng),
        "thermal": plan_thermal(count, rng),
        "wind": plan_wind(calendar, rng),
        "river": np.zeros(count),  # as in the real file: NO1 has no such plants
    }
    plans = {name: np.repeat(plan, ROWS).round(3) for name, plan in production.items()}
    plans["total"] = np.sum(list(plans.values()), axis=0).round(3)
    flow = np.sum(list(production.values()), axis=0) - needed
    step = np.diff(flow, prepend=flow[0])
    plans["flow"] = np.repeat(flow, ROWS)
    plans["flow"][::ROWS] -= (1 - FLOW_RAMP[0]) * step
    plans["flow"][ROWS - 1 :: ROWS][:-1] += FLOW_RAMP[-1] * step[1:]
    times = pd.date_range(hours[0], periods=count * ROWS, freq="5min", name="start_time")
    return Market(pd.DataFrame(plans, times).round({"flow": 2}), smooth, calendar)


def local_calendar(hours: pd.DatetimeIndex) -> Calendar:
    """Return the calendar of consecutive UTC hours."""
    local = local_time(hours)
    holiday = calendar_features(hours)[:, CALENDAR.index("holiday")] == 1
    day = hours.dayofyear.to_numpy() + hours.hour.to_numpy() / 24
    rise, fall = 1 / (1 + np.exp((134 - day) / 4)), 1 / (1 + np.exp((day - 205) / 15))
    return Calendar(
        hour=local.hour.to_numpy(),
        day_off=(local.day_of_week.to_numpy() >= 5) | holiday,
        winter=np.cos(2 * np.pi * (day - 15) / 365.25),
        flood=rise * fall,
    )


def plan_hydro(
    calendar: Calendar, load_shape: NDArray[np.floating], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Simulate planned hydro power in MW [hours].

    The plan depends on season, snowmelt and, weakly, load. Hourly steps have heavy tails (Student's
    t).
    """
    count = len(load_shape)
    level = 1560 + 330 * calendar.winter + 1100 * calendar.flood
    slow = ornstein_uhlenbeck(count, 150, 190, rng)
    bids = lfilter([1], [1, -0.9], rng.standard_t(4, count) * 30)
    return np.clip(level + slow + 0.23 * load_shape + bids, 200, 4000)


def plan_micro(calendar: Calendar, rng: np.random.Generator) -> NDArray[np.float64]:
    """Simulate planned power of small hydro plants in MW [hours], which follows the streams."""
    streams = ornstein_uhlenbeck(len(calendar.hour), 100, 14, rng)
    return (170 + 160 * calendar.flood + streams).clip(min=0)


def plan_thermal(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Simulate the plan of one waste plant in MW [hours]: 20.1 MW, or 0 for some weeks a year."""
    switches = np.cumsum(rng.random(count) < 1 / (24 * 21))
    running = rng.random(switches[-1] + 1) < 0.8
    return np.where(running[switches], 20.1, 0.0)


def plan_wind(calendar: Calendar, rng: np.random.Generator) -> NDArray[np.float64]:
    """Simulate planned wind power in MW [hours], up to 180 MW and lower around noon."""
    daily = 0.3 * np.cos(2 * np.pi * (calendar.hour - 23) / 24)
    wind = daily + ornstein_uhlenbeck(len(daily), 26, 1, rng)
    return 180 / (1 + np.exp(0.94 - 2 * wind))


def ornstein_uhlenbeck(
    count: int, time_constant: float, std: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw zero-mean Gaussian noise with the autocorrelation exp(-lag / time_constant).

    Args:
        count: Number of steps.
        time_constant: Number of steps after which the autocorrelation is 1/e.
        std: Stationary standard deviation.
        rng: Random number generator.

    Returns:
        The noise [count].
    """
    coefficient = np.exp(-1 / time_constant)
    shocks = std * np.sqrt(1 - coefficient**2) * rng.standard_normal(count)
    shocks[:1] /= np.sqrt(1 - coefficient**2)
    return lfilter([1], [1, -coefficient], shocks)
