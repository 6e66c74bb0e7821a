"""Gradient boosting: trees for all steps at once, the step being one of the features."""

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
    quietness,
    step_features,
)
from pipelines.imbalance.forecasters.settings import BoostingSettings

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

__all__ = ["BoostingForecaster", "fit_boosting", "load_boosting"]

FILE_NAME = "gradient_boosting.skops"

TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
"""What a file may hold beyond the types that skops trusts by itself."""


@dataclass(frozen=True, eq=False)
class BoostingForecaster:
    """Trees that say how far the target moves from its level, in MW."""

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
        """Write `gradient_boosting.skops`, which executes nothing when it is loaded."""
        from skops.io import dump

        dump(self.trees, folder / FILE_NAME)


def load_boosting(folder: Path) -> BoostingForecaster:
    """Load the forecaster that `BoostingForecaster.save` wrote.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is damaged, or holds anything but trees.
    """
    import skops.io

    path = folder / FILE_NAME
    content = path.read_bytes()
    try:
        return BoostingForecaster(skops.io.loads(content, trusted=TRUSTED))
    except Exception as error:
        # a damaged file can raise anything at all
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: no saved gradient boosting: {reason}") from error


def fit_boosting(
    features: Features, origins: NDArray[np.int64], settings: BoostingSettings, *, seed: int
) -> BoostingForecaster:
    """Grow the trees.

    Args:
        features: Of the table.
        origins: Of the training split.
        settings: What and how to learn.
        seed: Decides which origins, and which features at every split, are drawn.

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
    weights = np.tile(quietness(features, drawn), len(steps))
    return BoostingForecaster(trees.fit(columns, features.movement(drawn).T.ravel(), weights))


def _columns(
    common: NDArray[np.float64], features: Features, origins: NDArray[np.int64], step: int
) -> NDArray[np.float32]:
    """Return the features of one step, with calendar and the step itself, [origins, columns]."""
    lead = np.full((len(origins), 1), step)
    calendar = features.calendar[origins + step]
    parts = [common, step_features(features, origins, step), calendar, lead]
    return np.hstack(parts).astype(np.float32)
