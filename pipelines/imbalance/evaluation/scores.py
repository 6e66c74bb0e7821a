"""Scores of a backtest: errors of the forecasts, and coverage of their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.forecasters.intervals import LEVELS, PERCENTS, interval

__all__ = ["SEASONS", "BacktestScores", "aggregate_seeds", "backtest_scores", "crps"]

SEASONS = ("winter", "spring", "summer", "autumn")
"""Seasons of three months, which start in December, March, June and September."""


@dataclass(frozen=True, eq=False)
class BacktestScores:
    """Scores over all origins of a split.

    Attributes:
        origins: Number of forecasts.
        rmse: Root mean squared error over all steps, MW.
        mae: Mean absolute error over all steps, MW.
        skill: Skill score, 1 - RMSE / RMSE of persistence.
        crps: Continuous ranked probability score over all steps, MW; see `crps`.
        rmse_by_step: Root mean squared error of each step, MW [horizon].
        mae_by_step: Mean absolute error of each step, MW [horizon].
        coverage: Share of measurements within the interval, by its nominal coverage in percent.
        coverage_by_step: Coverage of each step [horizon].
        coverage_by_hour: Coverage in each hour of the day, UTC [24]; NaN without measurements.
        coverage_by_season: Coverage in each of `SEASONS` [4]; NaN without measurements.
    """

    origins: int
    rmse: float
    mae: float
    skill: float
    crps: float
    rmse_by_step: NDArray[np.float64]
    mae_by_step: NDArray[np.float64]
    coverage: Mapping[int, float]
    coverage_by_step: Mapping[int, NDArray[np.float64]]
    coverage_by_hour: Mapping[int, NDArray[np.float64]]
    coverage_by_season: Mapping[int, NDArray[np.float64]]

    def to_metrics(self) -> dict[str, float]:
        """Return the scores as plain numbers; undefined scores are omitted."""
        metrics = {name: getattr(self, name) for name in ("rmse", "mae", "skill", "crps")}
        for step, (rmse, mae) in enumerate(
            zip(self.rmse_by_step, self.mae_by_step, strict=True), start=1
        ):
            metrics |= {f"rmse_step_{step:02}": rmse, f"mae_step_{step:02}": mae}
        for percent in self.coverage:
            name = f"coverage_{percent}"
            metrics[name] = self.coverage[percent]
            for step, share in enumerate(self.coverage_by_step[percent], start=1):
                metrics[f"{name}_step_{step:02}"] = share
            for hour, share in enumerate(self.coverage_by_hour[percent]):
                metrics[f"{name}_hour_{hour:02}"] = share
            for season, share in zip(SEASONS, self.coverage_by_season[percent], strict=True):
                metrics[f"{name}_{season}"] = share
        return {name: float(value) for name, value in metrics.items() if np.isfinite(value)}


def backtest_scores(
    truth: NDArray[np.float64],
    forecast: NDArray[np.float64],
    persistence: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    times: NDArray[np.datetime64],
) -> BacktestScores:
    """Score forecasts against the measured imbalance.

    Args:
        truth: Measured imbalance in MW [n, horizon].
        forecast: Forecasts in MW [n, horizon].
        persistence: Forecasts of persistence in MW [n, horizon].
        quantiles: Quantiles at each of `intervals.LEVELS` in MW [n, horizon, 19].
        times: Start time of each step, UTC [n, horizon].

    Raises:
        ValueError: If there is no forecast, shapes differ, or a measurement is missing.
    """
    shapes = {array.shape for array in (truth, forecast, persistence, times)}
    if len(shapes) > 1 or not truth.size or quantiles.shape != (*truth.shape, len(LEVELS)):
        raise ValueError(
            f"truth, forecast, persistence, times: shapes {sorted(shapes)}, with quantiles"
            f" {quantiles.shape}; [n, horizon] and [n, horizon, {len(LEVELS)}] expected"
        )
    if not np.isfinite(truth).all():
        raise ValueError(f"truth: {np.sum(~np.isfinite(truth))} values not finite, none expected")
    errors = forecast - truth
    rmse = _root_mean(errors)
    step_times = pd.DatetimeIndex(times.ravel())
    hours, seasons = step_times.hour.to_numpy(), (step_times.month % 12 // 3).to_numpy()
    inside = {}
    for percent in PERCENTS:
        lower, upper = interval(quantiles, percent)
        inside[percent] = (lower <= truth) & (truth <= upper)
    return BacktestScores(
        origins=len(truth),
        rmse=float(rmse),
        mae=float(np.abs(errors).mean()),
        skill=float(1 - rmse / _root_mean(persistence - truth)),
        crps=float(crps(truth, quantiles).mean()),
        rmse_by_step=_root_mean(errors, axis=0),
        mae_by_step=np.abs(errors).mean(axis=0),
        coverage={percent: float(is_inside.mean()) for percent, is_inside in inside.items()},
        coverage_by_step={p: is_inside.mean(axis=0) for p, is_inside in inside.items()},
        coverage_by_hour={p: _share_by(is_inside, hours, 24) for p, is_inside in inside.items()},
        coverage_by_season={p: _share_by(is_inside, seasons, 4) for p, is_inside in inside.items()},
    )


def crps(truth: NDArray[np.float64], quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the continuous ranked probability score of each step, MW [n, horizon].

    The score is twice the integral of the quantile loss over all levels (Laio and Tamea, 2007). It
    is approximated by the mean over `intervals.LEVELS`, which excludes the outer 5 % tails.

    Args:
        truth: Measured imbalance in MW [n, horizon].
        quantiles: Quantiles at each of `intervals.LEVELS` in MW [n, horizon, 19].
    """
    errors = truth[:, :, None] - quantiles
    return 2 * np.maximum(LEVELS * errors, (LEVELS - 1) * errors).mean(axis=2)


def aggregate_seeds(metrics: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each metric over seeds, and standard deviations of the main metrics.

    Args:
        metrics: The result of `BacktestScores.to_metrics` for each seed, at least one.

    Returns:
        The mean of each metric by its name. With more than one seed, also `<name>_std`, the
        standard deviation of rmse, mae, skill and crps.
    """
    frame = pd.DataFrame(list(metrics))
    aggregated = frame.mean().to_dict()
    if len(frame) > 1:
        for name in ("rmse", "mae", "skill", "crps"):
            aggregated[f"{name}_std"] = float(frame[name].std())
    return aggregated


def _root_mean(errors: NDArray[np.float64], axis: int | None = None) -> NDArray[np.float64]:
    return np.sqrt(np.square(errors).mean(axis=axis))


def _share_by(
    values: NDArray[np.bool_], groups: NDArray[np.integer], count: int
) -> NDArray[np.float64]:
    """Return the share of true values in each group, NaN in empty groups."""
    sizes = np.bincount(groups, minlength=count)
    hits = np.bincount(groups, values.ravel(), minlength=count)
    return np.where(sizes > 0, hits / np.maximum(sizes, 1), np.nan)
