"""A simulated price area that resembles NO1.

The simulation includes:

- hourly plans by kind of production, and planned flow with ramps,
- load with daily, weekly and yearly cycles, and weather,
- structural imbalance, and a residual with random and daily components,
- regulation and recording errors.

It does not include the grid, prices, other areas, outages, or changes after 2021.
"""

import numpy as np
import pandas as pd

from pipelines.imbalance.data.schema import COLUMNS, STEP
from pipelines.imbalance.simulator.market import simulate_market
from pipelines.imbalance.simulator.mistakes import make_mistakes
from pipelines.imbalance.simulator.residual import (
    daily_habits,
    delivered,
    moved_production,
    orders,
    wandering,
)

__all__ = ["simulate_table"]


def simulate_table(start: str | pd.Timestamp, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Simulate a table of the area; see `schema` for its columns.

    The imbalance is production minus outflow minus load, plus the residual and recording errors:

        y = (planned production + moved - planned flow) - smooth load
            + wandering + daily habits + delivered regulation + recording errors

    Args:
        start: Time of the first row, UTC, a multiple of five minutes.
        rows: Number of rows, at least 1. A year has 105,120.
        rng: Random number generator.

    Raises:
        ValueError: If `rows` is less than 1, or `start` is not a multiple of five minutes in UTC.

    Example:
        >>> table = simulate_table("2021-03-01 03:30", 288, np.random.default_rng(0))
        >>> table.shape, str(table.index[-1])
        ((288, 9), '2021-03-02 03:25:00')
    """
    first = pd.Timestamp(start)
    if rows < 1:
        raise ValueError(f"rows: {rows}, at least 1 expected")
    if first is pd.NaT or first.tz is not None or first != first.floor(STEP):
        raise ValueError(f"start: {start}, a multiple of 5 minutes in UTC without a zone expected")
    # One additional hour at the end, because the last flow ramps towards it.
    hours = pd.date_range(first.floor("h"), first + (rows + 11) * STEP, freq="h")
    market = simulate_market(hours, rng)
    plans, load, calendar = market.plans, market.load, market.calendar
    regulation = orders(calendar, rng)
    y = (plans["total"] - plans["flow"]).to_numpy() - load
    y += moved_production(plans) + wandering(load, rng) + delivered(regulation)
    y += daily_habits(calendar, rng)
    table = plans.assign(y=y, sys_reg=regulation)[[*COLUMNS]][first:].iloc[:rows]
    return make_mistakes(table, rng)
