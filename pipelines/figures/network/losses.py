"""Loss functions ℓ(a, t), each with its gradient.

A loss takes outputs `a` and targets `t`, both `[batch, outputs]`, and returns the loss of each
example `[batch]`. Cross-entropies are in nats. The gradient is dℓ/da `[batch, outputs]`. The loss
of a batch is the mean over its examples, so its gradient is dℓ/da divided by the batch size.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import log_expit

from pipelines.figures.network.activations import sigmoid, softmax
from pipelines.figures.network.notation import Array, einsum

__all__ = ["LOSSES", "LOSSES_OF_LOGITS", "Loss"]


def mean_squared_error(a: Array, t: Array) -> Array:
    """ℓ = Σ (a - t)² / outputs."""
    return einsum("no->n", np.square(a - t)) / a.shape[1]


def mean_squared_error_gradient(a: Array, t: Array) -> Array:
    """dℓ/da = 2 (a - t) / outputs."""
    return 2 * (a - t) / a.shape[1]


def clip(a: Array) -> Array:
    """Clip probabilities to at least the machine epsilon away from 0 and 1."""
    precision = float(np.finfo(a.dtype).eps)
    return np.minimum(np.maximum(a, precision), 1 - precision)


def binary_cross_entropy(a: Array, t: Array) -> Array:
    """ℓ = -Σ (t log p + (1 - t) log(1 - p)) / outputs, where p is the clipped a."""
    p = clip(a)
    return einsum("no->n", -t * np.log(p) - (1 - t) * np.log1p(-p)) / a.shape[1]


def binary_cross_entropy_gradient(a: Array, t: Array) -> Array:
    """dℓ/da = (a - t) / (a (1 - a)) / outputs; 0 where a is clipped."""
    p = clip(a)
    return (p - t) / (p * (1 - p)) * (p == a) / a.shape[1]


def categorical_cross_entropy(a: Array, t: Array) -> Array:
    """ℓ = -Σ t log p, where p is the clipped a."""
    return einsum("no->n", -t * np.log(clip(a)))


def categorical_cross_entropy_gradient(a: Array, t: Array) -> Array:
    """dℓ/da = -t / a; 0 where a is clipped."""
    p = clip(a)
    return -t / p * (p == a)


def binary_cross_entropy_of_logits(z: Array, t: Array) -> Array:
    """ℓ = -Σ (t log sigmoid(z) + (1 - t) log sigmoid(-z)) / outputs."""
    return einsum("no->n", -t * log_expit(z) - (1 - t) * log_expit(-z)) / z.shape[1]


def binary_cross_entropy_of_logits_gradient(z: Array, t: Array) -> Array:
    """dℓ/dz = (sigmoid(z) - t) / outputs."""
    return (sigmoid(z) - t) / z.shape[1]


def categorical_cross_entropy_of_logits(z: Array, t: Array) -> Array:
    """ℓ = log Σ exp(z) - Σ t z, which is -Σ t log softmax(z) for targets that sum to 1."""
    z = z - np.max(z, axis=1, keepdims=True)
    return np.log(einsum("no->n", np.exp(z))) - einsum("no->n", t * z)


def categorical_cross_entropy_of_logits_gradient(z: Array, t: Array) -> Array:
    """dℓ/dz = softmax(z) - t."""
    return softmax(z) - t


class Loss(NamedTuple):
    """A loss ℓ(a, t) and its gradient dℓ/da, each a function of (a, t)."""

    value: Callable[[Array, Array], Array]
    gradient: Callable[[Array, Array], Array]


LOSSES = {
    "mean_squared_error": Loss(mean_squared_error, mean_squared_error_gradient),
    "binary_cross_entropy": Loss(binary_cross_entropy, binary_cross_entropy_gradient),
    "categorical_cross_entropy": Loss(
        categorical_cross_entropy, categorical_cross_entropy_gradient
    ),
}

LOSSES_OF_LOGITS = {
    ("sigmoid", "binary_cross_entropy"): Loss(
        binary_cross_entropy_of_logits, binary_cross_entropy_of_logits_gradient
    ),
    ("softmax", "categorical_cross_entropy"): Loss(
        categorical_cross_entropy_of_logits, categorical_cross_entropy_of_logits_gradient
    ),
}
"""Losses as functions of logits z, which avoid the logarithm of a rounded probability."""
