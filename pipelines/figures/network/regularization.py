"""Penalties on the size of the weights."""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.network.contraction import Operation, add_scaled

__all__ = ["Penalty"]

Array = NDArray[np.floating]


class Penalty(NamedTuple):
    """The penalty l1 Σ|w| + l2/2 Σ w² on all weights of a network; biases go free.

    Attributes:
        l1: rate of the absolute values.
        l2: rate of the squares.
    """

    l1: float = 0.0
    l2: float = 0.0

    def value(self, weights: Array) -> float:
        """Return the penalty of a vector of weights."""
        return self.l1 * float(np.abs(weights).sum()) + self.l2 / 2 * float(weights @ weights)

    def add_gradient(self, weights: Array, gradient: Array) -> list[Operation]:
        """Return the operations that add the penalty's gradient, l1 sign(w) + l2 w.

        Args:
            weights: all weights of a network, `[count]`.
            gradient: the vector to add to, `[count]`.
        """
        operations: list[Operation] = []
        if self.l1:
            signs = np.zeros_like(weights)
            operations += [partial(np.sign, weights, signs), *add_scaled(self.l1, signs, gradient)]
        if self.l2:
            operations += add_scaled(self.l2, weights, gradient)
        return operations
