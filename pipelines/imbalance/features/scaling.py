"""Scaled feature tensors, in which a network looks up the windows of a batch of origins."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.imbalance.features.features import Features

__all__ = ["Rows", "Scales", "fit_scales", "make_rows"]


@dataclass(frozen=True, eq=False)
class Scales:
    """Divisors of the features, MW.

    Attributes:
        target: Standard deviation of the target.
        structural: Root mean square of the change of structural imbalance in one hour.
        changes: Root mean square of the change of each column of `Features.changes` in one hour,
            [10].
    """

    target: float
    structural: float
    changes: NDArray[np.float64]


def fit_scales(features: Features, origins: NDArray[np.int64]) -> Scales:
    """Fit the scales on training origins; the scale of a constant feature is 1.

    Raises:
        ValueError: If there is no origin.
    """
    if not len(origins):
        raise ValueError("origins: none, at least one expected")
    hour = features.clock.hour
    changes = features.changes[origins + hour] - features.changes[origins]
    structural = features.structural[origins, hour] - features.structural[origins, 0]
    scales = np.sqrt((changes**2).mean(axis=0))
    return Scales(
        target=float(features.target[origins].std()) or 1.0,
        structural=float(np.sqrt((structural**2).mean())) or 1.0,
        changes=np.where(scales > 0, scales, 1.0),
    )


@dataclass(frozen=True, eq=False)
class Rows:
    """Scaled features of a table.

    Attributes:
        target: Target, float32 [rows - horizon].
        means: Running means up to and including each row, float32 [rows - horizon, 4].
        structural: Structural imbalance of each origin and the steps after it, float32
            [rows - horizon, 1 + horizon].
        changes: Columns of `Features.changes`, float32 [rows, 10].
        calendar: Calendar features, float32 [rows, 9].
        date: Number of the Norwegian calendar day, int64 [rows].
    """

    target: Tensor
    means: Tensor
    structural: Tensor
    changes: Tensor
    calendar: Tensor
    date: Tensor

    def to(self, device: torch.device) -> "Rows":
        """Return a copy on the given device."""
        return Rows(**{name: tensor.to(device) for name, tensor in vars(self).items()})


def make_rows(features: Features, scales: Scales) -> Rows:
    """Return the features of a table as scaled tensors."""
    return Rows(
        target=_tensor(features.target / scales.target),
        means=_tensor(features.means / scales.target),
        structural=_tensor(features.structural / scales.structural),
        changes=_tensor(features.changes / scales.changes),
        calendar=_tensor(features.calendar),
        date=torch.tensor(features.date),
    )


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
