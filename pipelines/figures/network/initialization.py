"""Random initial weights."""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["Initialization", "draw_weights"]

Initialization = float | str
"""A positive number r (uniform between -r and r), "glorot" or "he"; see `draw_weights`."""


def draw_weights(
    initialization: Initialization, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the initial weights of a layer.

    Args:
        initialization: The distribution of the weights. A positive number r is uniform between -r
            and r. "glorot" is uniform between ±√(6 / (inputs + outputs)) (Glorot and Bengio,
            AISTATS 2010). "he" is normal with the standard deviation √(2 / inputs) (He et al.,
            arXiv:1502.01852).
        shape: Shape of the weights, `[outputs, inputs]` or `[filters, kernel, kernel, channels]`.
        rng: Random number generator.
    """
    inputs, outputs = math.prod(shape[1:]), math.prod(shape[:-1])
    if initialization == "he":
        return rng.normal(0.0, math.sqrt(2 / inputs), shape)
    limit = math.sqrt(6 / (inputs + outputs)) if initialization == "glorot" else initialization
    return rng.uniform(-limit, limit, shape)
