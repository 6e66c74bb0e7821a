"""Persistence: forecasts that need no training, and that every trained forecaster must beat."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.imbalance.features.features import Features

__all__ = ["Persistence", "StructuralPersistence", "persistence", "structural_persistence"]


def persistence(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return forecasts in which everything stays as it is at the origin, MW [origins, horizon].

    As in every forecaster, an imbalance beyond the limits counts as the limit. Otherwise gross
    outliers alone would give the other forecasters an advantage over this one.
    """
    return np.repeat(features.limited[origins, None], features.clock.horizon, axis=1)


def structural_persistence(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return forecasts in which all but the structural imbalance stays, MW [origins, horizon]."""
    structural = features.structural[origins]
    return features.limited[origins, None] + structural[:, 1:] - structural[:, :1]


@dataclass(frozen=True)
class Persistence:
    """The forecaster by `persistence`."""

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the imbalance of the steps after each origin, MW [origins, horizon]."""
        return persistence(features, origins)

    def save(self, folder: Path) -> None:
        """Write nothing, as there is nothing to load."""


@dataclass(frozen=True)
class StructuralPersistence(Persistence):
    """The forecaster by `structural_persistence`."""

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the imbalance of the steps after each origin, MW [origins, horizon]."""
        return structural_persistence(features, origins)
