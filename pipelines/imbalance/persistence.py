"""Persistence: the forecasts that need no training, and that every trained one must beat."""

import numpy as np
from numpy.typing import NDArray

from pipelines.imbalance.features import Features

__all__ = ["persistence", "structural_persistence"]


def persistence(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Everything stays as it is at the origin, MW [origins, horizon].

    As to every forecaster, an imbalance beyond the limits counts as the limit, so that the others
    win nothing over this one by gross outliers alone.
    """
    return np.repeat(features.limited[origins, None], features.clock.horizon, axis=1)


def structural_persistence(features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
    """All but the structural imbalance stays as it is at the origin, MW [origins, horizon]."""
    structural = features.structural[origins]
    return features.limited[origins, None] + structural[:, 1:] - structural[:, :1]
