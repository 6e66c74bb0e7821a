"""Activation functions a = f(z), each with its backward formula.

Functions take and return arrays `[batch, ...]`, and softmax `[batch, units]`. A backward formula
computes `dz`, the gradient of a loss with respect to z, from `da`, the gradient with respect to a:
dz = da ∂a/∂z.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import expit, ndtr

from pipelines.figures.network.notation import Array, einsum

__all__ = ["ACTIVATIONS", "sigmoid", "softmax"]


LEAK = 0.01


def identity(z: Array) -> Array:
    """a = z."""
    return z


def identity_backward(da: Array, z: Array, a: Array) -> Array:
    """dz = da."""
    return da


def relu(z: Array) -> Array:
    """a = max(z, 0)."""
    return np.maximum(z, 0)


def relu_backward(da: Array, z: Array, a: Array) -> Array:
    """dz = da where z > 0, else 0. This is da sign(a), because a is not negative."""
    return da * np.sign(a)


def leaky_relu(z: Array) -> Array:
    """a = max(z, 0.01 z)."""
    return np.maximum(z, LEAK * z)


def leaky_relu_backward(da: Array, z: Array, a: Array) -> Array:
    """dz = da where a > 0, else 0.01 da."""
    return da * (a > 0) + LEAK * (da * (a <= 0))


def sigmoid(z: Array) -> Array:
    """a = 1 / (1 + exp(-z))."""
    return expit(z)


def sigmoid_backward(da: Array, z: Array, a: Array) -> Array:
    """dz = da a (1 - a)."""
    return da * a * (1 - a)


def tanh(z: Array) -> Array:
    """a = tanh z."""
    return np.tanh(z)


def tanh_backward(da: Array, z: Array, a: Array) -> Array:
    """dz = da (1 - a²)."""
    return da * (1 - np.square(a))


def gelu(z: Array) -> Array:
    """a = z Φ(z), Φ the normal distribution function (Hendrycks and Gimpel, arXiv:1606.08415)."""
    return z * ndtr(z)


def gelu_backward(da: Array, z: Array, a: Array) -> Array:
    """dz = da (Φ(z) + z φ(z)), φ the standard normal density."""
    density = np.exp(-0.5 * np.square(z)) / math.sqrt(2 * math.pi)
    return da * (ndtr(z) + z * density)


def softmax(z: Array) -> Array:
    """a = exp(z) / Σ exp(z), summed over the units; subtracting max z prevents overflow."""
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / einsum("no->n", e)[:, None]


def softmax_backward(da: Array, z: Array, a: Array) -> Array:
    """dz = a (da - Σ da a), summed over the units."""
    return a * (da - einsum("no->n", da * a)[:, None])


ACTIVATIONS: dict[str, tuple[Callable[..., Array], Callable[..., Array]]] = {
    "identity": (identity, identity_backward),
    "relu": (relu, relu_backward),
    "leaky_relu": (leaky_relu, leaky_relu_backward),
    "sigmoid": (sigmoid, sigmoid_backward),
    "tanh": (tanh, tanh_backward),
    "gelu": (gelu, gelu_backward),
    "softmax": (softmax, softmax_backward),
}
"""Activation functions f(z) by name, each with its backward formula of (da, z, a)."""
