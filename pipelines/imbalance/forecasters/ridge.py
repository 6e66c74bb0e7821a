"""Ridge regression with one model per step: a baseline, and the linear highway of the LSTM."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from pipelines.imbalance.features.features import Features
from pipelines.imbalance.features.windows import (
    interactions,
    level,
    origin_features,
    step_features,
    volatility_weights,
)

__all__ = ["RidgeForecaster", "fit_ridge", "load_ridge"]

FILE_NAME = "linear.safetensors"


@dataclass(frozen=True, eq=False)
class RidgeForecaster:
    """Linear models, one per step, of the change of the target from its level.

    Attributes:
        coefficients: Coefficients, float64 [horizon, columns].
        intercepts: Intercepts in MW [horizon].
        with_interactions: Whether the columns include `windows.interactions`.
    """

    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    with_interactions: bool

    def movement(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the predicted change of the target from its level, MW [origins, horizon]."""
        movement = np.empty((len(origins), len(self.intercepts)))
        common = origin_features(features, origins)
        for step, (weights, intercept) in enumerate(
            zip(self.coefficients, self.intercepts, strict=True), start=1
        ):
            columns = _columns(common, features, origins, step, self.with_interactions)
            movement[:, step - 1] = columns @ weights + intercept
        return movement

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast the imbalance of the steps after each origin, MW [origins, horizon]."""
        start = level(features, origins)
        return start + self.movement(features, origins) + features.offset(origins)

    def save(self, folder: Path) -> None:
        """Write `linear.safetensors`; equal forecasters give equal bytes."""
        arrays = {
            "coefficients": self.coefficients,
            "intercepts": self.intercepts,
            "with_interactions": np.array(self.with_interactions),
        }
        (folder / FILE_NAME).write_bytes(save(arrays))


def load_ridge(folder: Path) -> RidgeForecaster:
    """Load a forecaster written by `RidgeForecaster.save`.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is damaged or has other content.
    """
    path = folder / FILE_NAME
    try:
        arrays = load_file(path)
        coefficients, intercepts = arrays["coefficients"], arrays["intercepts"]
        with_interactions = bool(arrays["with_interactions"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{path}: not a saved linear forecaster: {error}") from error
    if coefficients.ndim != 2 or intercepts.shape != coefficients.shape[:1]:
        shapes = [list(coefficients.shape), list(intercepts.shape)]
        raise ValueError(f"{path}: not a saved linear forecaster: shapes {shapes}")
    return RidgeForecaster(coefficients, intercepts, with_interactions)


def fit_ridge(
    features: Features,
    origins: NDArray[np.int64],
    *,
    alpha: float,
    with_interactions: bool = False,
) -> RidgeForecaster:
    """Fit one ridge regression per step.

    Columns are scaled to unit variance. Calendar features are excluded: the profiles of previous
    days contain the daily cycle, and a linear term in the season would fit a trend.

    Args:
        features: Features of the table.
        origins: Origins of the training split.
        alpha: Penalty on the squared coefficients of scaled columns, per unit of training weight.
        with_interactions: Whether to add `windows.interactions`.

    Raises:
        ValueError: If there is no origin.
    """
    from sklearn.linear_model import Ridge

    if not len(origins):
        raise ValueError("origins: none, at least one expected")
    weights, movements = volatility_weights(features, origins), features.movement(origins)
    common = origin_features(features, origins)
    coefficients, intercepts = [], []
    for step, movement in enumerate(movements.T, start=1):
        columns = _columns(common, features, origins, step, with_interactions)
        scale = columns.std(axis=0)
        scale[scale == 0] = 1
        ridge = Ridge(alpha=alpha * weights.sum()).fit(columns / scale, movement, weights)
        coefficients.append(ridge.coef_ / scale)
        intercepts.append(float(ridge.intercept_))
    return RidgeForecaster(np.stack(coefficients), np.array(intercepts), with_interactions)


def _columns(
    common: NDArray[np.float64],
    features: Features,
    origins: NDArray[np.int64],
    step: int,
    with_interactions: bool,
) -> NDArray[np.float64]:
    """Return the feature matrix of one step, [origins, columns]."""
    blocks = [common, step_features(features, origins, step)]
    if with_interactions:
        blocks.append(interactions(features, origins, step))
    return np.hstack(blocks)
