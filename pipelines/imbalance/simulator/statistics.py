"""The statistics by which the simulated area is held against the real one."""

import numpy as np
import pandas as pd

from pipelines.imbalance.data.schema import COLUMNS, gross_outliers
from pipelines.imbalance.features.structural import structural_in_hindsight

__all__ = ["LAGS", "describe"]

LAGS = (1, 6, 12, 24, 288)
"""Steps at which the autocorrelation is compared: five minutes to a day."""

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
GREATEST_STRUCTURE = 500.0
GREATEST_CHANGE = 400.0


def describe(table: pd.DataFrame) -> pd.Series:
    """Return statistics of a table of five-minute rows that real and simulated ones share.

    Gross outliers, jumps of spikes, and rows where a plan is missing and the structure therefore
    beyond belief take no part: a few would make up the whole variance. Their share is told.

    Args:
        table: See `schema`.

    Returns:
        By name: mean, std and quantiles of every column but the empty river, in MW;
        autocorrelation of y, and of y less its structural imbalance, at `LAGS`; mean |Δy| in MW by
        minute of the hour; correlation of Δ(structural) with Δy; std of y, of the structure and of
        their changes; shares of gross outliers and of regulated rows.
    """
    structural = pd.Series(structural_in_hindsight(table), table.index)
    plausible = ~gross_outliers(table) & (structural.abs() < GREATEST_STRUCTURE)
    plausible &= table["y"].diff().abs().fillna(0) < GREATEST_CHANGE
    known = table.where(plausible)
    y, structural = known["y"], structural.where(plausible)
    residual = y - structural
    numbers: dict[str, float] = {}
    for name in COLUMNS:
        if name != "river":
            numbers[f"{name} mean"] = known[name].mean()
            numbers[f"{name} std"] = known[name].std()
            for share in QUANTILES:
                numbers[f"{name} quantile {share:.0%}"] = known[name].quantile(share)
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
