"""Gradient boosting: one ensemble of trees for all steps, with the step as a feature."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.imbalance.features.features import Features
from pipelines.imbalance.features.windows import (
    draw_origins,
    level,
    origin_features,
    step_features,
    volatility_weights,
)
from pipelines.imbalance.forecasters.settings import BoostingSettings

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

__all__ = ["BoostingForecaster", "fit_boosting", "load_boosting"]

FILE_NAME = "gradient_boosting.skops"

TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
"""Types that a file may contain in addition to those that skops trusts by default."""


@dataclass(frozen=True, eq=False)
class BoostingForecaster:
    """A forecaster whose trees predict the change of the target from its level, in MW."""

    trees: "HistGradientBoostingRegressor"

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast the imbalance of the steps after each origin, MW [origins, horizon]."""
        common = origin_features(features, origins)
        movement = [
            self.trees.predict(_columns(common, features, origins, step))
            for step in range(1, features.clock.horizon + 1)
        ]
        start = level(features, origins)
        return start + np.column_stack(movement) + features.offset(origins)

    def save(self, folder: Path) -> None:
        """Write `gradient_boosting.skops`, which can be loaded without executing code."""
        from skops.io import dump

        dump(self.trees, folder / FILE_NAME)


def load_boosting(folder: Path) -> BoostingForecaster:
    """Load a forecaster written by `BoostingForecaster.save`.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is damaged or contains other types.
    """
    import skops.io

    path = folder / FILE_NAME
    content = path.read_bytes()
    try:
        return BoostingForecaster(skops.io.loads(content, trusted=TRUSTED))
    except Exception as error:
        # a damaged file can raise any exception
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a saved gradient boosting: {reason}") from error


def fit_boosting(
    features: Features, origins: NDArray[np.int64], settings: BoostingSettings, *, seed: int
) -> BoostingForecaster:
    """Fit the trees.

    Args:
        features: Features of the table.
        origins: Origins of the training split.
        settings: Hyperparameters.
        seed: Seed for the draws of origins and of the features at each split of a tree.

    Raises:
        ValueError: If there is no origin.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    if not len(origins):
        raise ValueError("origins: none, at least one expected")
    drawn = draw_origins(origins, settings.windows, seed)
    common, steps = origin_features(features, drawn), range(1, features.clock.horizon + 1)
    columns = np.vstack([_columns(common, features, drawn, step) for step in steps])
    trees = HistGradientBoostingRegressor(
        max_iter=settings.max_iter,
        learning_rate=settings.learning_rate,
        max_leaf_nodes=settings.max_leaf_nodes,
        min_samples_leaf=settings.min_samples_leaf,
        max_features=settings.max_features,
        early_stopping=False,
        random_state=seed,
    )
    weights = np.tile(volatility_weights(features, drawn), len(steps))
    return BoostingForecaster(trees.fit(columns, features.movement(drawn).T.ravel(), weights))


def _columns(
    common: NDArray[np.float64], features: Features, origins: NDArray[np.int64], step: int
) -> NDArray[np.float32]:
    """Return the features of one step, including calendar and step number, [origins, columns]."""
    lead = np.full((len(origins), 1), step)
    calendar = features.calendar[origins + step]
    blocks = [common, step_features(features, origins, step), calendar, lead]
    return np.hstack(blocks).astype(np.float32)
