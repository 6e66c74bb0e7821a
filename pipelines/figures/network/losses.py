"""Loss functions, their gradients, and their union with the activation before them."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit

from pipelines.figures.network.activations import sigmoid, softmax
from pipelines.figures.network.contraction import Operation

__all__ = ["LOSSES", "LOSSES_OF_LOGITS", "Loss"]

Array = NDArray[np.floating]


class Loss(NamedTuple):
    """A loss of outputs a and targets t, `mean_factor(batch, outputs) * total(a, t)`.

    Total and gradient leave the factor out: training multiplies it into the step's length, which
    spares a pass over each batch. The mean is taken as in PyTorch.

    Attributes:
        total: `total(a, t)` is the sum over a batch, both `[batch, outputs]`.
        gradient: `gradient(a, t, delta)` returns the operations that write the total's gradient
            with respect to a to `delta`, `[batch, outputs]`.
        mean_factor: `mean_factor(batch, outputs)` turns the total into the mean.
    """

    total: Callable[[Array, Array], float]
    gradient: Callable[[Array, Array, Array], list[Operation]]
    mean_factor: Callable[[int, int], float]

    def mean(self, a: Array, t: Array) -> float:
        """Return the mean loss; in nats, if it is a cross-entropy."""
        return self.mean_factor(*a.shape) * self.total(a, t)


def half_squared_error(a: Array, t: Array) -> float:
    """½ Σ (a - t)²."""
    return 0.5 * float(np.sum(np.square(a - t), dtype=np.float64))


def half_squared_error_gradient(a: Array, t: Array, delta: Array) -> list[Operation]:
    """The difference a - t."""
    return [partial(np.subtract, a, t, delta)]


def clip(a: Array) -> Array:
    """Return probabilities, but none closer to 0 or 1 than the type's relative precision."""
    precision = np.finfo(a.dtype).eps
    return np.clip(a, precision, 1 - precision)


def binary_cross_entropy(a: Array, t: Array) -> float:
    """-Σ t log a + (1 - t) log(1 - a), a clipped."""
    p = clip(a)
    return -float(np.sum(t * np.log(p) + (1 - t) * np.log1p(-p), dtype=np.float64))


def binary_cross_entropy_gradient(a: Array, t: Array, delta: Array) -> list[Operation]:
    """(a - t) / (a (1 - a)); 0 where a is clipped."""

    def write() -> None:
        p = clip(a)
        np.divide(p - t, p * (1 - p), out=delta)
        np.multiply(delta, p == a, out=delta)

    return [write]


def categorical_cross_entropy(a: Array, t: Array) -> float:
    """-Σ t log a, a clipped."""
    return -float(np.sum(t * np.log(clip(a)), dtype=np.float64))


def categorical_cross_entropy_gradient(a: Array, t: Array, delta: Array) -> list[Operation]:
    """-t / a; 0 where a is clipped."""

    def write() -> None:
        p = clip(a)
        np.divide(-t, p, out=delta)
        np.multiply(delta, p == a, out=delta)

    return [write]


def binary_cross_entropy_of_logits(z: Array, t: Array) -> float:
    """The binary cross-entropy of a = sigmoid(z), -Σ t log a + (1 - t) log(1 - a)."""
    return -float(np.sum(t * log_expit(z) + (1 - t) * log_expit(-z), dtype=np.float64))


def binary_cross_entropy_of_logits_gradient(z: Array, t: Array, delta: Array) -> list[Operation]:
    """sigmoid(z) - t."""
    return [*sigmoid(z, delta), partial(np.subtract, delta, t, delta)]


def categorical_cross_entropy_of_logits(z: Array, t: Array) -> float:
    """The categorical cross-entropy of a = softmax(z), Σ log Σ exp(z) - t z."""
    units = np.ascontiguousarray(z.T)
    units -= units.max(axis=0)
    log_total = np.log(np.exp(units).sum(axis=0))
    return float(np.sum(log_total, dtype=np.float64) - np.sum(t.T * units, dtype=np.float64))


def categorical_cross_entropy_of_logits_gradient(
    z: Array, t: Array, delta: Array
) -> list[Operation]:
    """softmax(z) - t; like the loss itself, for targets that sum to 1."""
    return [*softmax(z, delta), partial(np.subtract, delta, t, delta)]


def mean_over_batch(batch: int, outputs: int) -> float:
    """The factor of a mean over the batch."""
    return 1 / batch


def mean_over_all(batch: int, outputs: int) -> float:
    """The factor of a mean over batch and outputs."""
    return 1 / (batch * outputs)


def twice_mean_over_all(batch: int, outputs: int) -> float:
    """The factor of a mean over batch and outputs whose terms are halved."""
    return 2 / (batch * outputs)


LOSSES = {
    "mean_squared_error": Loss(
        half_squared_error, half_squared_error_gradient, twice_mean_over_all
    ),
    "binary_cross_entropy": Loss(
        binary_cross_entropy, binary_cross_entropy_gradient, mean_over_all
    ),
    "categorical_cross_entropy": Loss(
        categorical_cross_entropy, categorical_cross_entropy_gradient, mean_over_batch
    ),
}

LOSSES_OF_LOGITS = {
    ("sigmoid", "binary_cross_entropy"): Loss(
        binary_cross_entropy_of_logits, binary_cross_entropy_of_logits_gradient, mean_over_all
    ),
    ("softmax", "categorical_cross_entropy"): Loss(
        categorical_cross_entropy_of_logits,
        categorical_cross_entropy_of_logits_gradient,
        mean_over_batch,
    ),
}
"""Last activation and loss in one: no logarithm of a rounded probability, no division by one."""
