"""The limits beyond which an imbalance is an outlier."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.imbalance.data.splitting import Split

__all__ = ["Limits", "fit_limits", "outlier_counts"]


@dataclass(frozen=True)
class Limits:
    """Clipping limits for the imbalance, MW; a value outside counts as the nearer limit."""

    low: float
    high: float

    def limited(self, imbalance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the imbalance clipped to the limits, MW."""
        return imbalance.clip(self.low, self.high)


def fit_limits(imbalance: NDArray[np.float64]) -> Limits:
    """Return Tukey's fences: 1.5 interquartile ranges below the first quartile and above the third.

    Args:
        imbalance: Of the training rows alone, MW.

    Example:
        >>> fit_limits(np.array([-56_379.0, 0, 10, 20, 30, 40]))
        Limits(low=-50.0, high=80.0)
    """
    low, high = np.quantile(imbalance, [0.25, 0.75])
    reach = 1.5 * (high - low)
    return Limits(float(low - reach), float(high + reach))


def outlier_counts(split: Split, limits: Limits) -> dict[str, dict[str, float]]:
    """Count the rows and the outliers of each part of a series.

    Returns:
        "rows" and "outliers" by the name of the part, and the "limits".
    """
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    return {
        "rows": {name: len(part) for name, part in parts.items()},
        "outliers": {
            name: int((~part["y"].between(limits.low, limits.high)).sum())
            for name, part in parts.items()
        },
        "limits": asdict(limits),
    }
