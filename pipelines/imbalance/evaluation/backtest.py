"""Backtest of a model: forecasts with intervals from all origins of a split, and their scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.imbalance.evaluation.scores import (
    BacktestScores,
    aggregate_seeds,
    backtest_scores,
)
from pipelines.imbalance.evaluation.significance import block_bootstrap
from pipelines.imbalance.features.features import Features
from pipelines.imbalance.forecasters.intervals import PERCENTS, Calibration, track_quantiles
from pipelines.imbalance.forecasters.losses import squared_losses
from pipelines.imbalance.forecasters.persistence import persistence
from pipelines.imbalance.forecasters.trained_forecaster import TrainedForecaster, hours_ahead

__all__ = ["Backtest", "run_backtest"]

SUMMARY = ("rmse", "mae", "skill", "crps", *(f"coverage_{percent}" for percent in PERCENTS))


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts of a model from consecutive origins, and their scores.

    Attributes:
        origins: Row numbers of the origins [n].
        times: Start time of each step, UTC [n, horizon].
        truth: Measured imbalance in MW [n, horizon].
        forecast: Forecasts in MW [n, horizon].
        quantiles: Quantiles at each of `intervals.LEVELS` in MW [n, horizon, 19].
        persistence: Forecasts of persistence in MW [n, horizon].
        scores: Scores of the forecasts.
        scores_by_seed: Scores of each member of an ensemble; empty for a single forecaster.
    """

    origins: NDArray[np.int64]
    times: NDArray[np.datetime64]
    truth: NDArray[np.float64]
    forecast: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    persistence: NDArray[np.float64]
    scores: BacktestScores
    scores_by_seed: Sequence[BacktestScores]

    def to_metrics(self, day: int, *, seed: int) -> dict[str, float]:
        """Return the scores as plain numbers, with 95 % confidence intervals of RMSE and skill.

        Args:
            day: Number of rows per day, which is the block length of the bootstrap.
            seed: Seed of the bootstrap.
        """
        losses, persistence_losses = (
            squared_losses(self.truth, forecast) for forecast in (self.forecast, self.persistence)
        )
        intervals = block_bootstrap(losses, persistence_losses, min(day, len(losses)), seed=seed)
        metrics = self.scores.to_metrics()
        for name, (low, high) in intervals.items():
            metrics |= {f"{name}_ci_low": low, f"{name}_ci_high": high}
        return metrics

    def seed_metrics(self) -> dict[str, float]:
        """Return means and standard deviations of the members' main scores, if any."""
        if not self.scores_by_seed:
            return {}
        by_member = [scores.to_metrics() for scores in self.scores_by_seed]
        return aggregate_seeds([{name: scores[name] for name in SUMMARY} for scores in by_member])


def run_backtest(
    trained: TrainedForecaster, features: Features, origins: NDArray[np.int64]
) -> Backtest:
    """Forecast from all origins, with intervals that adapt to the errors known at each origin.

    Args:
        trained: The model.
        features: Features of the table, as returned by `trained.features`.
        origins: Consecutive row numbers of origins.

    Raises:
        ValueError: If there is no origin, or the measured imbalance has a gap.
    """
    if not len(origins):
        raise ValueError("origins: none, at least one expected")
    truth, hours = features.truth(origins), hours_ahead(features, origins)
    times = features.times.to_numpy()[features.ahead(origins)]
    baseline = persistence(features, origins)

    def evaluate(
        forecast: NDArray[np.float64], calibration: Calibration
    ) -> tuple[NDArray[np.float64], BacktestScores]:
        quantiles = track_quantiles(calibration, forecast, truth, hours)
        return quantiles, backtest_scores(truth, forecast, baseline, quantiles, times)

    forecasts = trained.forecasts(features, origins)
    forecast = forecasts.mean(axis=0)
    quantiles, scores = evaluate(forecast, trained.calibration)
    by_seed = []
    if len(forecasts) > 1:
        by_seed = [evaluate(*pair)[1] for pair in zip(forecasts, trained.calibrations, strict=True)]
    return Backtest(origins, times, truth, forecast, quantiles, baseline, scores, by_seed)
