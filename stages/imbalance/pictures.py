"""The pictures of a forecaster: what it forecast, how far it was off, and how it learnt."""

from collections.abc import Iterator

import pandas as pd

from pipelines.imbalance.backtest import Backtest
from pipelines.imbalance.features import Features
from pipelines.imbalance.forecast_plots import (
    calibration_curves,
    forecast_gallery,
    residuals_by_hour,
)
from pipelines.pictures import Figure, loss_curves


def pictures(
    variant: str, features: Features, backtest: Backtest, history: pd.DataFrame
) -> Iterator[tuple[str, Figure]]:
    """Draw every picture of a variant.

    Args:
        variant: its name.
        features: of the table.
        backtest: its forecasts.
        history: of its training; empty if it knows no epochs.

    Yields:
        Name and picture.
    """
    yield (
        "forecasts",
        forecast_gallery(
            features.imbalance,
            features.times,
            backtest.origins,
            backtest.forecast,
            backtest.quantiles,
            f"Forecasts of two hours, {variant}",
        ),
    )
    yield (
        "calibration",
        calibration_curves(
            backtest.truth,
            backtest.quantiles,
            features.clock.minutes,
            f"How far intervals can be trusted, {variant}",
        ),
    )
    yield (
        "residuals_by_hour",
        residuals_by_hour(
            backtest.truth - backtest.forecast, backtest.times, f"Errors by hour, {variant}"
        ),
    )
    if len(history):
        networks = sum(name.endswith("/validation/loss") for name in history)
        title = f"Training {variant}" + (f", mean of {networks} networks" if networks > 1 else "")
        yield "loss_curves", loss_curves(history, title)
