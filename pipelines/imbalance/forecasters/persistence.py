"""Persistence forecasts, which need no training and serve as baselines."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.imbalance.features.features import Features

__all__ = ["Persistence", "StructuralPersistence", "persistence", "structural_persistence"]


def persistence(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the clipped imbalance at each origin as forecast of all steps, MW [origins, horizon].

    All forecasters use the clipped imbalance. Without clipping, gross outliers at origins would put
    persistence at a disadvantage.
    """
    return np.repeat(features.limited[origins, None], features.clock.horizon, axis=1)


def structural_persistence(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return persistence plus the change of the structural imbalance, MW [origins, horizon]."""
    structural = features.structural[origins]
    return features.limited[origins, None] + structural[:, 1:] - structural[:, :1]


@dataclass(frozen=True)
class Persistence:
    """Forecaster that returns `persistence`."""

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the imbalance of the steps after each origin, MW [origins, horizon]."""
        return persistence(features, origins)

    def save(self, folder: Path) -> None:
        """Write nothing, because the forecaster has no parameters."""


@dataclass(frozen=True)
class StructuralPersistence(Persistence):
    """Forecaster that returns `structural_persistence`."""

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the imbalance of the steps after each origin, MW [origins, horizon]."""
        return structural_persistence(features, origins)
