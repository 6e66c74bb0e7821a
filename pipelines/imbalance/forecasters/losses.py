"""The loss used to validate and compare forecasters."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["squared_losses"]


def squared_losses(
    truth: NDArray[np.float64], forecast: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean squared error of each forecast over its steps, MW² [n]."""
    return np.square(forecast - truth).mean(axis=1)
