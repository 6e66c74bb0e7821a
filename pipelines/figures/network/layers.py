"""A layer over batches of one size: arrays allocated once, and the operations on them."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.network.activations import ACTIVATIONS, Activation
from pipelines.figures.network.contraction import Operation, contraction

__all__ = ["Layer"]

Array = NDArray[np.floating]


class Layer:
    """A dense layer a = f(x Wᵀ + b).

    Args:
        x: inputs, `[batch, inputs]`; its content may change between passes.
        weights: W, `[outputs, inputs]`, likewise.
        biases: b, `[outputs]`, likewise.
        activations: names of the functions that make up f, the first one applied first.

    Attributes:
        outputs: a, `[batch, outputs]`.
    """

    def __init__(self, x: Array, weights: Array, biases: Array, activations: Sequence[str]) -> None:
        self.x, self.weights, self.biases = x, weights, biases
        self.ones = np.ones(len(x), x.dtype)
        self.z = self.outputs = np.zeros((len(x), len(weights)), x.dtype)
        self.activations: list[tuple[Activation, Array, Array]] = []
        for activation in (ACTIVATIONS[name] for name in activations):
            before = self.outputs
            # Nobody needs z again, but the activation before this one needs its own outputs.
            if not (activation.in_place and not self.activations):
                self.outputs = np.zeros_like(before)
            self.activations.append((activation, before, self.outputs))

    def forward(self) -> list[Operation]:
        """Return the operations from `x` to `outputs`."""
        operations = [
            partial(np.copyto, self.z, self.biases),
            *contraction("ni,oi->no", self.x, self.weights, out=self.z, keep=1.0),
        ]
        for activation, before, after in self.activations:
            operations += activation.forward(before, after)
        return operations

    def backward_to_z(self, delta: Array) -> list[Operation]:
        """Return the operations that turn `delta`, the gradient of a, into that of z in place."""
        operations: list[Operation] = []
        for activation, before, after in reversed(self.activations):
            operations += activation.backward(delta, before, after)
        return operations

    def backward_to_x(self, delta: Array, out: Array) -> list[Operation]:
        """Return the operations from `delta`, the gradient of z, to that of x, written to `out`."""
        return contraction("no,oi->ni", delta, self.weights, out=out)

    def gradient(
        self, delta: Array, weights: Array, biases: Array, scale: float, keep: tuple[float, float]
    ) -> list[Operation]:
        """Return the operations `weights = keep * weights + scale * gradient`, biases likewise.

        Args:
            delta: gradient of z, `[batch, outputs]`.
            weights: array for the gradient of W, `[outputs, inputs]`.
            biases: array for the gradient of b, `[outputs]`.
            scale: factor of both gradients.
            keep: factors of what `weights` and `biases` hold before.
        """
        return [
            *contraction("no,ni->oi", delta, self.x, out=weights, scale=scale, keep=keep[0]),
            *contraction("no,n->o", delta, self.ones, out=biases, scale=scale, keep=keep[1]),
        ]
