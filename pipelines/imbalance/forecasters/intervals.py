"""Prediction intervals from quantiles of past errors, which adapt to drift.

Errors are divided by the typical error of their step and hour of the day. Their quantiles on the
validation split (split conformal prediction) are valid while the distribution of errors does not
change. In a backtest, online quantile tracking adjusts the quantiles after each measurement
(Angelopoulos, Candes and Tibshirani, "Conformal PID Control for Time Series Prediction", 2023). Its
long-run coverage is correct for any sequence of errors. The intervals of an origin depend only on
errors known at that origin.
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
"""Levels of the quantiles, from 0.05 to 0.95 in steps of 0.05."""

PERCENTS = (80, 90)
"""Nominal coverages, in percent, of the reported intervals."""

FILE_NAME = "intervals.json"
REACH = 0.48
"""Maximum change of a quantile within two hours, in units of the typical error."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Distribution of the errors on the calibration data.

    Attributes:
        steps: Median absolute error of each step, MW [horizon].
        hours: Factor on the error for each hour of the day, UTC [24].
        quantiles: Quantiles of the normalized errors of each step at each of `LEVELS`,
            [horizon, 19].
    """

    steps: NDArray[np.float64]
    hours: NDArray[np.float64]
    quantiles: NDArray[np.float64]

    def units(self, hours: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the typical absolute error of steps in the given hours, MW [n, horizon]."""
        return self.steps * self.hours[hours]

    def quantiles_about(
        self, forecast: NDArray[np.float64], hours: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Return quantiles around forecasts without tracking, MW [n, horizon, 19].

        Args:
            forecast: Forecasts in MW [n, horizon].
            hours: Hour of the day (UTC) of each step [n, horizon].
        """
        return forecast[:, :, None] + self.units(hours)[:, :, None] * self.quantiles

    def save(self, folder: Path) -> None:
        """Write the calibration as `intervals.json`."""
        arrays = {name: array.tolist() for name, array in vars(self).items()}
        (folder / FILE_NAME).write_text(json.dumps(arrays) + "\n")


def load_calibration(folder: Path) -> Calibration:
    """Load a calibration written by `Calibration.save`.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is damaged or has other content.
    """
    path = folder / FILE_NAME
    try:
        arrays = json.loads(path.read_bytes())
        calibration = Calibration(
            **{name: np.array(array, float) for name, array in arrays.items()}
        )
        shape = len(calibration.steps), len(LEVELS)
        if calibration.hours.shape != (24,) or calibration.quantiles.shape != shape:
            raise ValueError("shapes do not fit")
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a saved calibration: {error}") from error
    return calibration


def fit_calibration(errors: NDArray[np.float64], hours: NDArray[np.integer]) -> Calibration:
    """Fit a calibration to the errors of forecasts outside of the training split.

    Args:
        errors: Truth minus forecast in MW [n, horizon].
        hours: Hour of the day (UTC) of each step [n, horizon].

    Raises:
        ValueError: If there is no error, or an error is not finite.
    """
    if not len(errors) or not np.isfinite(errors).all():
        raise ValueError(
            f"errors: shape {errors.shape}, at least one and only finite ones expected"
        )
    # medians, so that gross outliers in the measurements do not widen every interval
    sizes = np.abs(errors)
    steps = np.maximum(np.median(sizes, axis=0), 1e-6)
    relative = sizes / steps
    by_hour = [relative[hours == hour] for hour in range(24)]
    factors = np.array([np.median(values) if len(values) else 1.0 for values in by_hour])
    factors = np.maximum(factors, 0.1)
    quantiles = np.quantile(errors / (steps * factors[hours]), LEVELS, axis=0).T
    return Calibration(steps, factors, quantiles)


def track_quantiles(
    calibration: Calibration,
    forecast: NDArray[np.float64],
    truth: NDArray[np.float64],
    hours: NDArray[np.integer],
) -> NDArray[np.float64]:
    """Return quantiles that adapt to the errors known at each origin, MW [n, horizon, 19].

    The measurement at an origin is compared with the earlier forecasts of that row, one for each
    step. A quantile of level a then increases by a * rate if the measurement was above it, and
    otherwise decreases by (1 - a) * rate. The rate is `REACH` divided by the number of steps in two
    hours, so it does not depend on the duration of a row.

    Args:
        calibration: Calibration with the initial quantiles.
        forecast: Forecasts from consecutive origins in MW [n, horizon].
        truth: Measured imbalance in MW [n, horizon]. Each value is used only at later origins.
        hours: Hour of the day (UTC) of each step [n, horizon].
    """
    count, horizon = forecast.shape
    units, rate = calibration.units(hours), REACH / horizon
    errors = (truth - forecast) / units
    current, steps = calibration.quantiles.copy(), np.arange(horizon)
    quantiles = np.empty((count, horizon, len(LEVELS)))
    for origin in range(count):
        earlier = origin - 1 - steps  # origins whose forecasts have now been measured, per step
        measured = steps[earlier >= 0]
        earlier = earlier[measured]
        below = errors[earlier, measured][:, None] <= quantiles[earlier, measured]
        current[measured] += rate * (LEVELS - below)
        quantiles[origin] = current
    quantiles.sort(axis=2)
    return forecast[:, :, None] + units[:, :, None] * quantiles


def interval(
    quantiles: NDArray[np.float64], percent: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper bound of the central interval, MW [n, horizon] each.

    Args:
        quantiles: Quantiles at each of `LEVELS` in MW [n, horizon, 19].
        percent: Nominal coverage of the interval, one of 10, 20, ..., 90.

    Raises:
        ValueError: If `percent` is another number.

    Example:
        >>> lower, upper = interval(LEVELS[None, None], 80)
        >>> lower.item(), upper.item()
        (0.1, 0.9)
    """
    tails = (1 - percent / 100) / 2
    indices = np.flatnonzero(np.isclose(LEVELS, tails))
    if not len(indices):
        raise ValueError(f"percent: {percent}, one of 10, 20, ..., 90 expected")
    return quantiles[:, :, indices[0]], quantiles[:, :, -1 - indices[0]]
