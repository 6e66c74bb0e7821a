"""Forecasts as rows, one for each step of each origin, and as a Parquet file of such rows."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.intervals import interval
from pipelines.imbalance.parquet_file import read_rows, write_rows
from pipelines.imbalance.scores import PERCENTS
from pipelines.imbalance.significance import squared_losses

__all__ = ["forecast_rows", "read_losses", "write_forecasts"]


def forecast_rows(
    origins: pd.DatetimeIndex,
    times: NDArray[np.datetime64],
    forecast: NDArray[np.float64],
    quantiles: NDArray[np.float64],
) -> pd.DataFrame:
    """Forecasts as rows, one for each step of each.

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


def write_forecasts(rows: pd.DataFrame, truth: NDArray[np.float64], path: Path) -> None:
    """Writes forecasts, and y as it was measured beside them, as Parquet.

    The same forecasts give the same bytes. They are written to seven digits, y to all.

    Args:
        rows: As `forecast_rows` makes them.
        truth: MW [n, horizon].
        path: The file.
    """
    numbers = rows.columns[3:]
    rows = rows.astype({"step": "int8"} | {name: "float32" for name in numbers})
    rows.insert(3, "y", truth.ravel())
    write_rows(rows, path)


def read_losses(path: Path) -> "pd.Series[float]":
    """The mean squared error of each forecast in a file of `write_forecasts`, by its origin.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is damaged.
    """
    try:
        rows = read_rows(path)
        horizon = int(rows["step"].max())
        values = (rows[name].to_numpy(float).reshape(-1, horizon) for name in ("y", "forecast"))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path.name}: no forecasts: {error}") from error
    return pd.Series(squared_losses(*values), pd.DatetimeIndex(rows["origin"][::horizon]))
