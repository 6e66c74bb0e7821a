"""The simulated imbalance apart from its structural component.

It is the sum of a random residual, a daily pattern and delivered regulation. Daily patterns, jumps
and the response to regulation were measured in the area NO1 from March to June 2021. Other
constants were adjusted by hand until the statistics of `statistics.describe` agreed with that file.
Each constant states the property of the file that it reproduces.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.signal import lfilter

from pipelines.imbalance.simulator.market import ROWS, Calendar, ornstein_uhlenbeck

__all__ = ["daily_habits", "delivered", "moved_production", "orders", "wandering"]

INNOVATION = 6.3
"""Scale in MW of the five-minute changes at a load of 4,000 MW.

Student's t with 3 degrees of freedom has the tails of the file. The 75, 95, 99 and 99.9 % quantiles
of the changes within an hour are 8, 24, 45 and 92 MW. Those of 10.4 times t are 8, 24, 47 and
106 MW. `NOISE` explains a part of the scale 10.4. From the lowest to the highest quintile of the
load, the changes increase by half.
"""

MINUTE_FACTORS = (2.6, 1.35, 1.05, 1.05, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.5)
"""Factors on the changes by five-minute interval of the hour: units start at full hours."""

NOISE = 5.5
"""Standard deviation of the independent measurement noise in MW."""

REVERSION = 0.0029
"""Share of the residual's distance from `LEVEL` removed in five minutes: 29 hours time constant."""

LEVEL = 75.0
"""Level in MW to which the residual reverts. The correction above the dead band lowers its mean."""

DEAD_BAND = 210.0
"""Surplus in MW up to which there is no correction."""

PULL = 0.04
"""Share of the surplus above the dead band that is corrected in five minutes.

In the file, a residual of 300 to 400 MW decreases by 20 % within two hours, and one of 100 MW by
10 %. Deficits have no such non-linearity.
"""

WORKDAY_HABIT = (
    11, 17, 17, 12, 24, 49, 38, -8, -9, -4, -11, -20,
    -26, -21, -21, -19, -31, -1, 7, 10, 5, 7, 9, 17,
)  # fmt: skip
"""Mean residual in MW by local hour of a workday: in the morning, production precedes the load."""

DAY_OFF_HABIT = (
    -9, 3, 12, 12, 12, 15, 20, 31, 31, 10, -5, 5,
    -3, -10, -13, -18, -35, -47, -42, -48, -31, -15, -6, 6,
)  # fmt: skip
"""Mean residual in MW by local hour of Saturdays, Sundays and public holidays."""

WORKDAY_JUMPS = {6: -36, 7: -24}
"""Jumps of the imbalance in MW at local hours of a workday, when loads start."""

HABIT_SIZE, HABIT_CHANGE = 1.6, 0.6
"""Mean and standard deviation over time of the factor on daily patterns and jumps.

The patterns above are means of three months that differ. The peak at 6:00 is 48 MW in March, -34 MW
in April and 87 MW in May. With the factor, the jumps are 58 and 38 MW, as measured.
"""

FREE_STEP = 60.0
"""Hourly step of the planned production in MW up to which no production is moved.

In the file, the imbalance follows structural steps of up to 120 MW completely, and larger steps by
three quarters.
"""

MOVED = 0.5
"""Share of the step above `FREE_STEP` that is moved."""

LATE = 0.1
"""Share of a step of production that comes five minutes late; 0.13 of 0.8 in the file."""

ORDER_CHANGES = (0.5, 0.06, 0.12, 0.1, 0.11, 0.12, 0.1, 0.08, 0.08, 0.07, 0.07, 0.03)
"""Probability of a changed order by five-minute interval of the hour; orders last 45 minutes."""


def wandering(load: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the persistent component of the residual in MW [rows].

    It is a mean-reverting process with shocks proportional to the load. A surplus above the dead
    band is corrected, so the distribution is skewed towards deficits and the best forecast is
    non-linear.

    Args:
        load: Load of complete hours in MW [rows].
        rng: Random number generator.
    """
    scale = INNOVATION * load / 4000 * np.resize(MINUTE_FACTORS, len(load))
    shocks = (scale * rng.standard_t(3, len(load))).tolist()
    value = 0.0
    values = []
    for shock in shocks:  # a loop, because SciPy has only linear filters
        value += shock - REVERSION * (value - LEVEL)
        if value > DEAD_BAND:
            value -= PULL * (value - DEAD_BAND)
        values.append(value)
    noise = NOISE * rng.standard_normal(len(load))
    return np.array(values) + noise


def daily_habits(calendar: Calendar, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the daily pattern of the residual in MW [rows].

    The pattern consists of early production and jumps of the load. Its size varies over weeks, as
    planning and sunrise change.

    Args:
        calendar: Calendar of the hours.
        rng: Random number generator.
    """
    count = len(calendar.hour)
    habit = np.where(
        calendar.day_off,
        np.take(DAY_OFF_HABIT, calendar.hour),
        np.take(WORKDAY_HABIT, calendar.hour),
    )
    hours = np.arange(count * ROWS) / ROWS
    smooth = PchipInterpolator(np.arange(count) + 0.5, habit, extrapolate=True)(hours)
    jump = np.zeros(count + 1)
    for hour, size in WORKDAY_JUMPS.items():
        jump[:-1][(calendar.hour == hour) & ~calendar.day_off] = size
    fraction = hours % 1
    hour_index = hours.astype(int)
    # Half of a jump builds up in the hour before it, and the other half decays in the hour after.
    jumps = (jump[hour_index] * (1 - fraction) - jump[hour_index + 1] * fraction) / 2
    size = HABIT_SIZE + ornstein_uhlenbeck(count, 24 * 14, HABIT_CHANGE, rng)
    return (smooth + jumps) * np.repeat(size, ROWS)


def moved_production(plans: pd.DataFrame) -> NDArray[np.float64]:
    """Return the difference between actual and planned production in MW [rows].

    A share `LATE` of each step comes five minutes late. In addition, the system operator moves the
    share `MOVED` of a step above `FREE_STEP`: one half 15 minutes earlier, the other 15 minutes
    later.

    Args:
        plans: Plans of the market; see `Market`.
    """
    hourly = plans["total"].to_numpy()[::ROWS]
    step = np.diff(hourly, prepend=hourly[0])
    moved = MOVED * np.sign(step) * np.maximum(np.abs(step) - FREE_STEP, 0) / 2
    difference = np.zeros(len(plans))
    for row in range(3):
        difference[row::ROWS] -= moved
        difference[ROWS - 1 - row :: ROWS][:-1] += moved[1:]
    difference[::ROWS] -= LATE * step
    return difference


def orders(calendar: Calendar, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the regulation ordered by the system operator, the column sys_reg.

    Orders respond to the imbalance of the whole system above a dead band, which is independent of
    the area's imbalance. Days without orders alternate with orders that last about 45 minutes. Most
    orders reduce production during snowmelt.

    Args:
        calendar: Calendar of the hours.
        rng: Random number generator.

    Returns:
        Regulation in MW, rounded to whole numbers, [hours * 12].
    """
    hours = len(calendar.hour)
    surplus = ornstein_uhlenbeck(hours, 24 * 4, 0.7, rng) + ornstein_uhlenbeck(hours, 8, 0.7, rng)
    surplus += 1.9 * calendar.flood
    ordered = -60 * np.maximum(surplus - 1.8, 0) + 35 * np.maximum(-surplus - 2.0, 0)
    ordered = np.repeat(ordered, ROWS) * rng.uniform(0.4, 1.9, hours * ROWS)
    changed = rng.random(hours * ROWS) < np.resize(ORDER_CHANGES, hours * ROWS)
    changed[0] = True
    return (
        ordered[np.maximum.accumulate(np.where(changed, np.arange(hours * ROWS), 0))].round() + 0.0
    )


def delivered(ordered: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the delivered regulation in MW [rows], which is 92 % of an order after ten minutes."""
    return lfilter([0.8, 0.07, 0.05], 1, ordered)
