"""Parquet files with the forecasts of a backtest."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.data.parquet_file import read_rows, write_rows
from pipelines.imbalance.forecasters.losses import squared_losses

__all__ = ["read_losses", "write_forecasts"]


def write_forecasts(rows: pd.DataFrame, truth: NDArray[np.float64], path: Path) -> None:
    """Write forecasts and the measured y as Parquet.

    Equal forecasts give equal bytes. Forecasts are written in float32, and y in float64.

    Args:
        rows: The result of `forecast_table.forecast_rows`.
        truth: Measured imbalance in MW [n, horizon].
        path: The file to write.
    """
    numbers = rows.columns[3:]
    rows = rows.astype({"step": "int8"} | {name: "float32" for name in numbers})
    rows.insert(3, "y", truth.ravel())
    write_rows(rows, path)


def read_losses(path: Path) -> "pd.Series[float]":
    """Read the mean squared error of each forecast in a file, indexed by origin.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is damaged or has other content.
    """
    try:
        rows = read_rows(path)
        horizon = int(rows["step"].max())
        values = (rows[name].to_numpy(float).reshape(-1, horizon) for name in ("y", "forecast"))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path.name}: not a file of forecasts: {error}") from error
    return pd.Series(squared_losses(*values), pd.DatetimeIndex(rows["origin"][::horizon]))
