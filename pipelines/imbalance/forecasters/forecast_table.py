"""Forecasts as a table, one row for each step of each origin."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.forecasters.intervals import PERCENTS, interval

__all__ = ["forecast_rows"]


def forecast_rows(
    origins: pd.DatetimeIndex,
    times: NDArray[np.datetime64],
    forecast: NDArray[np.float64],
    quantiles: NDArray[np.float64],
) -> pd.DataFrame:
    """Return forecasts as rows, one for each step of each.

    Args:
        origins: When the last known row of each begins, UTC [n].
        times: UTC, of every step, [n, horizon].
        forecast: MW [n, horizon].
        quantiles: At each of `intervals.LEVELS`, MW [n, horizon, 19].

    Returns:
        origin, step (from 1), time, forecast, and the bounds of the 80 % and 90 % intervals:
        lower_80, upper_80, lower_90, upper_90.
    """
    count, horizon = forecast.shape
    columns = {
        "origin": origins.to_numpy().repeat(horizon),
        "step": np.tile(np.arange(1, horizon + 1), count),
        "time": times.ravel(),
        "forecast": forecast.ravel(),
    }
    for percent in PERCENTS:
        lower, upper = interval(quantiles, percent)
        columns |= {f"lower_{percent}": lower.ravel(), f"upper_{percent}": upper.ravel()}
    return pd.DataFrame(columns)
