"""Clipping limits for outliers of the imbalance."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.imbalance.data.splitting import Split

__all__ = ["Limits", "fit_limits", "outlier_counts"]


@dataclass(frozen=True)
class Limits:
    """Clipping limits for the imbalance.

    Attributes:
        low: Lower limit, MW.
        high: Upper limit, MW.
    """

    low: float
    high: float

    def limited(self, imbalance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the imbalance clipped to the limits, MW."""
        return imbalance.clip(self.low, self.high)


def fit_limits(imbalance: NDArray[np.float64]) -> Limits:
    """Return Tukey's fences, 1.5 interquartile ranges outside the first and third quartiles.

    Args:
        imbalance: Imbalance of the training rows, MW.

    Example:
        >>> fit_limits(np.array([-56_379.0, 0, 10, 20, 30, 40]))
        Limits(low=-35.0, high=65.0)
    """
    low, high = np.quantile(imbalance, [0.25, 0.75])
    margin = 1.5 * (high - low)
    return Limits(float(low - margin), float(high + margin))


def outlier_counts(split: Split, limits: Limits) -> dict[str, dict[str, float]]:
    """Count the rows and the outliers of each split.

    Returns:
        "rows" and "outliers" by the name of the split, and the "limits".
    """
    tables = {"train": split.train, "validation": split.validation, "test": split.test}
    return {
        "rows": {name: len(table) for name, table in tables.items()},
        "outliers": {
            name: int((~table["y"].between(limits.low, limits.high)).sum())
            for name, table in tables.items()
        },
        "limits": asdict(limits),
    }
