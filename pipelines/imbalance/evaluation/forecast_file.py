"""The Parquet file of a backtest's forecasts."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.data.parquet_file import read_rows, write_rows
from pipelines.imbalance.forecasters.losses import squared_losses

__all__ = ["read_losses", "write_forecasts"]


def write_forecasts(rows: pd.DataFrame, truth: NDArray[np.float64], path: Path) -> None:
    """Write forecasts, and the measured y beside them, as Parquet.

    The same forecasts give the same bytes. They are written to seven digits, y to all.

    Args:
        rows: As `forecast_table.forecast_rows` returns them.
        truth: MW [n, horizon].
        path: The file.
    """
    numbers = rows.columns[3:]
    rows = rows.astype({"step": "int8"} | {name: "float32" for name in numbers})
    rows.insert(3, "y", truth.ravel())
    write_rows(rows, path)


def read_losses(path: Path) -> "pd.Series[float]":
    """Read the mean squared error of each forecast in such a file, by its origin.

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
