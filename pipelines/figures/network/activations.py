"""Activation functions and their derivatives, prepared as operations on given arrays."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from pipelines.figures.network.contraction import Operation, contraction

__all__ = ["ACTIVATIONS", "Activation", "sigmoid", "softmax"]

Array = NDArray[np.floating]

LEAK = 0.01

# From about as many elements, comparing costs less than the sign, although it gives booleans,
# which a product first has to convert.
MANY = 4096


class Activation(NamedTuple):
    """An activation function a = f(z), and how a gradient passes back through it.

    Attributes:
        forward: `forward(z, a)` returns the operations that write f(z) to `a`.
        backward: `backward(delta, z, a)` returns the operations that turn `delta`, the gradient of
            a loss with respect to a, into the one with respect to z, in place.
        in_place: whether `z` and `a` may be the same array, since `backward` needs a alone.

    All arrays have the shape `[batch, units]`. The operations read what the arrays hold when they
    are called, not when they are prepared.
    """

    forward: Callable[[Array, Array], list[Operation]]
    backward: Callable[[Array, Array, Array], list[Operation]]
    in_place: bool


def identity(z: Array, a: Array) -> list[Operation]:
    """f(z) = z."""
    return [] if a is z else [partial(np.copyto, a, z)]


def identity_backward(delta: Array, z: Array, a: Array) -> list[Operation]:
    """f'(z) = 1."""
    return []


def relu(z: Array, a: Array) -> list[Operation]:
    """f(z) = max(z, 0)."""
    return [partial(np.maximum, z, np.zeros((), z.dtype), out=a)]


def relu_backward(delta: Array, z: Array, a: Array) -> list[Operation]:
    """f'(z) = 1 where z > 0, else 0; this is the sign of a."""
    if z.size < MANY:
        slope = np.zeros_like(z)
        write_slope = partial(np.sign, a, slope)
    else:
        slope = np.zeros(z.shape, bool)
        write_slope = partial(np.greater, a, np.zeros((), z.dtype), slope)
    return [write_slope, partial(np.multiply, delta, slope, delta)]


def leaky_relu(z: Array, a: Array) -> list[Operation]:
    """f(z) = z where z > 0, else 0.01 z."""
    return [partial(np.multiply, z, LEAK, a), partial(np.maximum, z, a, out=a)]


def leaky_relu_backward(delta: Array, z: Array, a: Array) -> list[Operation]:
    """f'(z) = 1 where z > 0, else 0.01."""
    slope = np.zeros_like(z)
    return [
        partial(np.greater, z, 0, slope),
        partial(np.maximum, slope, LEAK, out=slope),
        partial(np.multiply, delta, slope, delta),
    ]


def sigmoid(z: Array, a: Array) -> list[Operation]:
    """f(z) = 1 / (1 + exp(-z))."""
    return [partial(expit, z, a)]


def sigmoid_backward(delta: Array, z: Array, a: Array) -> list[Operation]:
    """f'(z) = a (1 - a)."""
    slope = np.zeros_like(z)
    return [
        partial(np.subtract, 1, a, slope),
        partial(np.multiply, slope, a, slope),
        partial(np.multiply, delta, slope, delta),
    ]


def tanh(z: Array, a: Array) -> list[Operation]:
    """f(z) = tanh z."""
    return [partial(np.tanh, z, a)]


def tanh_backward(delta: Array, z: Array, a: Array) -> list[Operation]:
    """f'(z) = 1 - a²."""
    slope = np.zeros_like(z)
    return [
        partial(np.square, a, slope),
        partial(np.subtract, np.ones((), z.dtype), slope, slope),
        partial(np.multiply, delta, slope, delta),
    ]


def gelu(z: Array, a: Array) -> list[Operation]:
    """f(z) = z Φ(z), Φ the normal distribution (Hendrycks and Gimpel, arXiv:1606.08415)."""
    return [partial(ndtr, z, a), partial(np.multiply, z, a, a)]


def gelu_backward(delta: Array, z: Array, a: Array) -> list[Operation]:
    """f'(z) = Φ(z) + z φ(z), φ the standard normal density."""
    slope, distribution = np.zeros_like(z), np.zeros_like(z)
    return [
        partial(np.square, z, slope),
        partial(np.multiply, slope, -0.5, slope),
        partial(np.exp, slope, slope),
        partial(np.multiply, slope, 1 / math.sqrt(2 * math.pi), slope),
        partial(np.multiply, slope, z, slope),
        partial(ndtr, z, distribution),
        partial(np.add, slope, distribution, slope),
        partial(np.multiply, delta, slope, delta),
    ]


def softmax(z: Array, a: Array) -> list[Operation]:
    """f(z) = exp(z) / Σ exp(z), a sum over the units; max(z) taken off first, against overflow."""
    # With few units, reductions down the columns of zᵀ are ten times as fast as along rows of z.
    units = np.zeros(z.shape[::-1], z.dtype)
    largest, total = np.zeros(len(z), z.dtype), np.zeros(len(z), z.dtype)
    return [
        partial(np.copyto, units, z.T),
        partial(np.maximum.reduce, units, 0, None, largest),
        partial(np.subtract, units, largest, units),
        partial(np.exp, units, units),
        *contraction("on,o->n", units, np.ones(len(units), z.dtype), out=total),
        partial(np.divide, units, total, units),
        partial(np.copyto, a, units.T),
    ]


def softmax_backward(delta: Array, z: Array, a: Array) -> list[Operation]:
    """∂loss/∂z = a (δ - Σ δ a), the sum over the units."""
    product, total = np.zeros_like(z), np.zeros((len(z), 1), z.dtype)
    return [
        partial(np.multiply, delta, a, product),
        *contraction("no,o->n", product, np.ones(z.shape[1], z.dtype), out=total[:, 0]),
        partial(np.subtract, delta, total, delta),
        partial(np.multiply, delta, a, delta),
    ]


ACTIVATIONS = {
    "identity": Activation(identity, identity_backward, in_place=True),
    "relu": Activation(relu, relu_backward, in_place=True),
    "leaky_relu": Activation(leaky_relu, leaky_relu_backward, in_place=False),
    "sigmoid": Activation(sigmoid, sigmoid_backward, in_place=True),
    "tanh": Activation(tanh, tanh_backward, in_place=True),
    "gelu": Activation(gelu, gelu_backward, in_place=False),
    "softmax": Activation(softmax, softmax_backward, in_place=True),
}
