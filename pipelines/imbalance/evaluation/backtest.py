"""The backtest: forecasts with intervals from every origin of a part of the series, scored."""

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
    """The forecasts of a model from every origin, and their scores.

    Attributes:
        origins: Rows, one after the other, [n].
        times: UTC, of every step, [n, horizon].
        truth: The imbalance as it was measured, MW [n, horizon].
        forecast: MW [n, horizon].
        quantiles: At each of `intervals.LEVELS`, MW [n, horizon, 19].
        persistence: The forecasts of persistence, MW [n, horizon].
        scores: Of these forecasts.
        scores_by_seed: Of each forecaster by itself, if there are several.
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
        """Return the scores as plain numbers, with 95 % confidence intervals of the main ones.

        Args:
            day: Rows in a day, as which the bootstrap draws its blocks.
            seed: Of the bootstrap.
        """
        losses, still = (
            squared_losses(self.truth, each) for each in (self.forecast, self.persistence)
        )
        bounds = block_bootstrap(losses, still, min(day, len(losses)), seed=seed)
        metrics = self.scores.to_metrics()
        for name, (low, high) in bounds.items():
            metrics |= {f"{name}_ci_low": low, f"{name}_ci_high": high}
        return metrics

    def seed_metrics(self) -> dict[str, float]:
        """Return means and standard deviations of the members' main scores; {} if there is one."""
        if not self.scores_by_seed:
            return {}
        every = [scores.to_metrics() for scores in self.scores_by_seed]
        return aggregate_seeds([{name: each[name] for name in SUMMARY} for each in every])


def run_backtest(
    trained: TrainedForecaster, features: Features, origins: NDArray[np.int64]
) -> Backtest:
    """Forecast from every origin, with intervals that follow the errors known at each.

    Args:
        trained: The model.
        features: Of the table, as the model takes them.
        origins: Rows, one after the other.

    Raises:
        ValueError: If there is no origin, or the measured imbalance has a gap.
    """
    if not len(origins):
        raise ValueError("origins: none, at least one expected")
    truth, hours = features.truth(origins), hours_ahead(features, origins)
    times = features.times.to_numpy()[features.ahead(origins)]
    still = persistence(features, origins)

    def scored(
        forecast: NDArray[np.float64], calibration: Calibration
    ) -> tuple[NDArray[np.float64], BacktestScores]:
        quantiles = track_quantiles(calibration, forecast, truth, hours)
        return quantiles, backtest_scores(truth, forecast, still, quantiles, times)

    forecasts = trained.forecasts(features, origins)
    forecast = forecasts.mean(axis=0)
    quantiles, scores = scored(forecast, trained.calibration)
    by_seed = []
    if len(forecasts) > 1:
        by_seed = [scored(*pair)[1] for pair in zip(forecasts, trained.calibrations, strict=True)]
    return Backtest(origins, times, truth, forecast, quantiles, still, scores, by_seed)
