"""Intervals about forecasts: quantiles of past errors, calibrated per step, that follow drift.

Errors are divided by what is usual at their step and hour of the day. Their quantiles in the
validation split (split conformal prediction) hold as long as errors stay as they were there. In a
backtest every forecast whose time has come tells whether its quantiles held, and they move on a
little: online quantile tracking (Angelopoulos, Candes and Tibshirani, "Conformal PID Control for
Time Series Prediction", 2023), whose long-run coverage is right whatever the errors do. Only errors
known at an origin move its intervals.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LEVELS",
    "PERCENTS",
    "Calibration",
    "fit_calibration",
    "interval",
    "load_calibration",
    "track_quantiles",
]

LEVELS = np.arange(1, 20) / 20
"""The levels of the quantiles, 0.05 to 0.95: those of the 80 % and 90 % intervals among them."""

PERCENTS = (80, 90)
"""Of the intervals that are reported and evaluated."""

FILE_NAME = "intervals.json"
REACH = 0.48
"""How far a quantile moves within two hours at most, in units of usual errors."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """How errors were distributed where intervals were calibrated.

    Attributes:
        steps: Median size of the errors of each step, MW [horizon].
        hours: By what it has to be multiplied at each hour of the day, UTC [24].
        quantiles: Of the errors in these units, at each of `LEVELS`, [horizon, 19].
    """

    steps: NDArray[np.float64]
    hours: NDArray[np.float64]
    quantiles: NDArray[np.float64]

    def units(self, hours: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the usual size of errors at steps in the given hours, MW [n, horizon]."""
        return self.steps * self.hours[hours]

    def quantiles_about(
        self, forecast: NDArray[np.float64], hours: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Return quantiles about forecasts by the errors of the calibration, MW [n, horizon, 19].

        Args:
            forecast: MW [n, horizon].
            hours: Hour of the day, UTC, of every step, [n, horizon].
        """
        return forecast[:, :, None] + self.units(hours)[:, :, None] * self.quantiles

    def save(self, folder: Path) -> None:
        """Write the calibration as `intervals.json`."""
        arrays = {name: array.tolist() for name, array in vars(self).items()}
        (folder / FILE_NAME).write_text(json.dumps(arrays) + "\n")


def load_calibration(folder: Path) -> Calibration:
    """Load the calibration that `Calibration.save` wrote.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is damaged, or holds something else.
    """
    path = folder / FILE_NAME
    try:
        arrays = json.loads(path.read_bytes())
        loaded = Calibration(**{name: np.array(array, float) for name, array in arrays.items()})
        horizon = len(loaded.steps)
        if loaded.hours.shape != (24,) or loaded.quantiles.shape != (horizon, len(LEVELS)):
            raise ValueError("shapes do not fit")
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a saved calibration: {error}") from error
    return loaded


def fit_calibration(errors: NDArray[np.float64], hours: NDArray[np.integer]) -> Calibration:
    """Calibrate on errors of forecasts that the forecaster was not trained on.

    Args:
        errors: Truth less forecast, MW [n, horizon].
        hours: Hour of the day, UTC, of every step, [n, horizon].

    Raises:
        ValueError: If there is no error, or one is not finite.
    """
    if not len(errors) or not np.isfinite(errors).all():
        raise ValueError(f"errors: shape {errors.shape}, some and finite ones expected")
    # medians, so that gross outliers in the measurements do not widen every interval
    sizes = np.abs(errors)
    steps = np.maximum(np.median(sizes, axis=0), 1e-6)
    relative = sizes / steps
    by_hour = [relative[hours == hour] for hour in range(24)]
    factors = np.array([np.median(found) if len(found) else 1.0 for found in by_hour])
    factors = np.maximum(factors, 0.1)
    quantiles = np.quantile(errors / (steps * factors[hours]), LEVELS, axis=0).T
    return Calibration(steps, factors, quantiles)


def track_quantiles(
    calibration: Calibration,
    forecast: NDArray[np.float64],
    truth: NDArray[np.float64],
    hours: NDArray[np.integer],
) -> NDArray[np.float64]:
    """Return quantiles that follow the errors known at each origin, MW [n, horizon, 19].

    Before the quantiles of an origin are told, the forecasts of that very row, made 1 to `horizon`
    steps earlier, are compared with what was measured: a quantile of level a moves up by a share
    `a` of the rate where the measurement lay above it, down by 1 - a where it did not. The rate is
    one of time, whatever a row lasts: `REACH` over the steps in two hours.

    Args:
        calibration: What to begin with.
        forecast: Of origins that follow row upon row, MW [n, horizon].
        truth: As it was measured, MW [n, horizon]; no value counts before its time has come.
        hours: Hour of the day, UTC, of every step, [n, horizon].
    """
    count, horizon = forecast.shape
    units, rate = calibration.units(hours), REACH / horizon
    errors = (truth - forecast) / units
    current, steps = calibration.quantiles.copy(), np.arange(horizon)
    told = np.empty((count, horizon, len(LEVELS)))
    for origin in range(count):
        made = origin - 1 - steps
        known = steps[made >= 0]
        made = made[known]
        below = errors[made, known][:, None] <= told[made, known]
        current[known] += rate * (LEVELS - below)
        told[origin] = current
    told.sort(axis=2)
    return forecast[:, :, None] + units[:, :, None] * told


def interval(
    quantiles: NDArray[np.float64], percent: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the bounds of the central interval, lower and upper, MW [n, horizon] each.

    Args:
        quantiles: At each of `LEVELS`, MW [n, horizon, 19].
        percent: 80 or 90, or another share that two of the levels lie about.

    Raises:
        ValueError: If no two levels lie about such a share.

    Example:
        >>> lower, upper = interval(LEVELS[None, None], 80)
        >>> lower.item(), upper.item()
        (0.1, 0.9)
    """
    tails = (1 - percent / 100) / 2
    found = np.flatnonzero(np.isclose(LEVELS, tails))
    if not len(found):
        raise ValueError(f"percent: {percent}, one of 10, 20, ..., 90 expected")
    return quantiles[:, :, found[0]], quantiles[:, :, -1 - found[0]]
