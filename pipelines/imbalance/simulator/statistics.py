"""Statistics that compare the simulated area with the real one."""

import numpy as np
import pandas as pd

from pipelines.imbalance.data.schema import COLUMNS, gross_outliers
from pipelines.imbalance.features.structural import structural_in_hindsight

__all__ = ["LAGS", "describe"]

LAGS = (1, 6, 12, 24, 288)
"""Lags of the autocorrelation in steps, from five minutes to one day."""

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
GREATEST_STRUCTURE = 500.0
GREATEST_CHANGE = 400.0


def describe(table: pd.DataFrame) -> pd.Series:
    """Return statistics of a table of five-minute rows.

    Rows with gross outliers, with implausible changes, or with an implausible structural imbalance
    (because of missing plans) are excluded, because they would dominate the variance.

    Args:
        table: The table; see `schema`.

    Returns:
        Statistics by name, in MW where they have a unit:

        - mean, standard deviation and quantiles of each column except river, which is empty,
        - autocorrelation at `LAGS` of y and of the residual, which is y minus the structural
          imbalance,
        - mean |Δy| by minute of the hour,
        - correlation of the changes of y and of the structural imbalance,
        - standard deviations of the structural imbalance, the residual, and changes,
        - shares of gross outliers and of regulated rows.
    """
    structural = pd.Series(structural_in_hindsight(table), table.index)
    plausible = ~gross_outliers(table) & (structural.abs() < GREATEST_STRUCTURE)
    plausible &= table["y"].diff().abs().fillna(0) < GREATEST_CHANGE
    valid = table.where(plausible)
    y, structural = valid["y"], structural.where(plausible)
    residual = y - structural
    numbers: dict[str, float] = {}
    for name in COLUMNS:
        if name != "river":
            numbers[f"{name} mean"] = valid[name].mean()
            numbers[f"{name} std"] = valid[name].std()
            for share in QUANTILES:
                numbers[f"{name} quantile {share:.0%}"] = valid[name].quantile(share)
    for name, series in (("y", y), ("residual", residual)):
        for lag in LAGS:
            numbers[f"{name} autocorrelation {lag}"] = series.corr(series.shift(lag))
    change = y.diff()
    by_minute = change.abs().groupby(table.index.minute).mean()
    for minute, mean in by_minute.items():
        numbers[f"mean |Δy| at minute {minute}"] = mean
    numbers["correlation of Δstructural with Δy"] = structural.diff().corr(change)
    numbers["structural std"] = structural.std()
    numbers["Δy std"] = change.std()
    numbers["residual std"] = residual.std()
    numbers["Δresidual std"] = residual.diff().std()
    numbers["Δresidual std over 2 h"] = residual.diff(24).std()
    numbers["gross outliers"] = float(gross_outliers(table).mean())
    numbers["regulated rows"] = float(np.mean(table["sys_reg"] != 0))
    return pd.Series(numbers)
