"""Forecasts as a table with one row per origin and step."""

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
    """Return forecasts as a table with one row per origin and step.

    Args:
        origins: Start time of the row of each origin, UTC [n].
        times: Start time of each step, UTC [n, horizon].
        forecast: Forecasts in MW [n, horizon].
        quantiles: Quantiles at each of `intervals.LEVELS` in MW [n, horizon, 19].

    Returns:
        A table with the columns origin, step (from 1), time, forecast, and the bounds of the 80 %
        and 90 % intervals: lower_80, upper_80, lower_90, upper_90.
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
