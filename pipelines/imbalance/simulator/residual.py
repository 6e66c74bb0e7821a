"""What the simulated imbalance is beside its structure: a wandering residual, habits, orders.

Habits, jumps and what orders deliver were measured on the area NO1 from March to June 2021. Scales,
reversion, dead band and thresholds were fitted by hand until the statistics of `calibration` agreed
with that file's; each says what in the file it stands for.
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

Student's t of 3 degrees has the file's tails: the changes within its hours have the quantiles 8,
24, 45 and 92 MW at 75, 95, 99 and 99.9 %, and 10.4 times that t has 8, 24, 47 and 106; a part of
that scale is `NOISE`. From the fifth of lowest load to the fifth of highest they grow by half.
"""

MINUTE_FACTORS = (2.6, 1.35, 1.05, 1.05, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.5)
"""How much larger changes are in each five minutes of the hour: units start by the clock."""

NOISE = 5.5
"""Standard deviation in MW of what a measurement is off by; it is forgotten at the next one."""

REVERSION = 0.0029
"""Share of the residual that goes back within five minutes: a time constant of 29 hours."""

LEVEL = 75.0
"""MW to which the residual goes back; the dead band draws its mean below that."""

DEAD_BAND = 210.0
"""Surplus in MW that is left alone."""

PULL = 0.04
"""Share of a surplus beyond the dead band that is taken back within five minutes.

In the file a residual of 300 to 400 MW falls by a fifth within two hours, one of 100 MW by a tenth;
for deficits there is no such bend.
"""

WORKDAY_HABIT = (
    11, 17, 17, 12, 24, 49, 38, -8, -9, -4, -11, -20,
    -26, -21, -21, -19, -31, -1, 7, 10, 5, 7, 9, 17,
)  # fmt: skip
"""Mean residual in MW by local hour of a workday: the plans are early in the morning."""

DAY_OFF_HABIT = (
    -9, 3, 12, 12, 12, 15, 20, 31, 31, 10, -5, 5,
    -3, -10, -13, -18, -35, -47, -42, -48, -31, -15, -6, 6,
)  # fmt: skip
"""The same of Saturdays, Sundays and holidays."""

WORKDAY_JUMPS = {6: -36, 7: -24}
"""MW by which the imbalance jumps at these local hours of a workday: load begins by the clock."""

HABIT_SIZE, HABIT_CHANGE = 1.6, 0.6
"""Mean and deviation over the weeks of the factor on habits and jumps.

The mean of three months, above, hides that each has its own: the peak at 6 in the morning is 48 MW
in March, -34 in April, 87 in May. With the factor the jumps are 58 and 38 MW, as measured.
"""

FREE_STEP = 60.0
"""MW by which the planned production may step from hour to hour without being moved.

In the file the imbalance follows steps of the structure up to 120 MW in full, larger ones by 3/4.
"""

MOVED = 0.5
"""Share of what is beyond it that is moved."""

LATE = 0.1
"""Share of any step of production that comes five minutes late; 0.13 of 0.8 in the file."""

ORDER_CHANGES = (0.5, 0.06, 0.12, 0.1, 0.11, 0.12, 0.1, 0.08, 0.08, 0.07, 0.07, 0.03)
"""Probability, by five minutes of the hour, that an order is changed; they last 45 minutes."""


def wandering(load: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the persistent part of the residual: shocks that grow with the load, in bounds.

    A surplus beyond the dead band is taken back, so that the distribution leans to deficits and the
    forecast of the return is no linear one.

    Args:
        load: In MW, [rows] of whole hours.
        rng: Source of the randomness.

    Returns:
        In MW, [rows].
    """
    scale = INNOVATION * load / 4000 * np.resize(MINUTE_FACTORS, len(load))
    shocks = (scale * rng.standard_t(3, len(load))).tolist()
    value = 0.0
    values = []
    for shock in shocks:  # the bend makes it no linear filter, which SciPy would run
        value += shock - REVERSION * (value - LEVEL)
        if value > DEAD_BAND:
            value -= PULL * (value - DEAD_BAND)
        values.append(value)
    noise = NOISE * rng.standard_normal(len(load))
    return np.array(values) + noise


def daily_habits(calendar: Calendar, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the part that returns with the local hour: early plans, and load that jumps.

    Its size changes over weeks, as planners learn and the sun rises earlier.

    Args:
        calendar: Of the hours.
        rng: Source of the randomness.

    Returns:
        In MW, [rows].
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
    since = hours % 1
    whole = hours.astype(int)
    # Half of a jump is heading for it, the other half is forgotten within the hour after it.
    jumps = (jump[whole] * (1 - since) - jump[whole + 1] * since) / 2
    size = HABIT_SIZE + ornstein_uhlenbeck(count, 24 * 14, HABIT_CHANGE, rng)
    return (smooth + jumps) * np.repeat(size, ROWS)


def moved_production(plans: pd.DataFrame) -> NDArray[np.float64]:
    """Return actual less planned production: large steps are moved by quarters of an hour.

    A small part of every step comes five minutes late. Of a step beyond `FREE_STEP` producers make
    one half a quarter of an hour early and the other a quarter late, as the system operator orders.

    Args:
        plans: See `Market`.

    Returns:
        In MW, [rows].
    """
    hourly = plans["total"].to_numpy()[::ROWS]
    step = np.diff(hourly, prepend=hourly[0])
    moved = MOVED * np.sign(step) * np.maximum(np.abs(step) - FREE_STEP, 0) / 2
    deviation = np.zeros(len(plans))
    for row in range(3):
        deviation[row::ROWS] -= moved
        deviation[ROWS - 1 - row :: ROWS][:-1] += moved[1:]
    deviation[::ROWS] -= LATE * step
    return deviation


def orders(calendar: Calendar, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the regulation that the system operator orders in the area, the column sys_reg.

    It answers the imbalance of the whole system, another one than the area's, beyond a dead band:
    for days nothing, then orders that hold for some quarters of an hour each. Most are orders to
    produce less while the snow melts.

    Args:
        calendar: Of the hours.
        rng: Source of the randomness.

    Returns:
        In MW, whole numbers, [hours * 12].
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
    """Return the delivered part of ordered regulation, MW [rows]: 0.92 after ten minutes."""
    return lfilter([0.8, 0.07, 0.05], 1, ordered)
