"""Layers, each with its forward and its backward formula.

Letters of the axes in `einsum`: n examples, i inputs, o outputs, h and w rows and columns of an
image, c channels, k and l rows and columns of a kernel.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.network.notation import Array, einsum

__all__ = ["LAYERS", "Activation", "Conv2d", "Dense", "Dropout", "Layer", "MaxPool2d"]
Shape = tuple[int, ...]
Rng = np.random.Generator | None


class Layer:
    """Base class of all layers."""

    def shapes(self, input_shape: Shape) -> tuple[Shape, ...]:
        """Return the shape of one example's output, then the shapes of the layer's parameters."""
        return (input_shape,)

    def forward(self, x: Array, *parameters: Array, rng: Rng = None) -> tuple[Array, Any]:
        """Return the outputs y for inputs x `[batch, ...]`, and the values `backward` needs.

        Random layers draw from `rng`, which is None outside of training.
        """
        raise NotImplementedError

    def backward(self, dy: Array, saved: Any, *parameters: Array) -> tuple[Array, ...]:
        """Return the gradients of x and of the parameters, given the gradient `dy` of y."""
        raise NotImplementedError


@dataclass(frozen=True)
class Dense(Layer):
    """z = x Wᵀ + b, with W `[outputs, inputs]` and b `[outputs]`; images are flattened."""

    units: int

    def shapes(self, input_shape: Shape) -> tuple[Shape, ...]:
        return (self.units,), (self.units, int(np.prod(input_shape))), (self.units,)

    def forward(self, x: Array, W: Array, b: Array, rng: Rng = None) -> tuple[Array, Any]:
        return einsum("ni,oi->no", x.reshape(len(x), -1), W) + b, x

    def backward(self, dz: Array, x: Array, W: Array, b: Array) -> tuple[Array, ...]:
        dW = einsum("no,ni->oi", dz, x.reshape(len(x), -1))
        db = einsum("no->o", dz)
        dx = einsum("no,oi->ni", dz, W)
        return dx.reshape(x.shape), dW, db


@dataclass(frozen=True)
class Conv2d(Layer):
    """z = W ⋆ x + b, a cross-correlation without padding.

    Images are `[batch, height, width, channels]`, W is `[filters, kernel, kernel, channels]`.
    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998.
    """

    filters: int
    kernel: int

    def shapes(self, input_shape: Shape) -> tuple[Shape, ...]:
        (height, width, channels), size = input_shape, self.kernel
        outputs = (height - size + 1, width - size + 1, self.filters)
        return outputs, (self.filters, size, size, channels), (self.filters,)

    def forward(self, x: Array, W: Array, b: Array, rng: Rng = None) -> tuple[Array, Any]:
        patches = self.patches(x)
        return einsum("klcnhw,oklc->nhwo", patches, W) + b, patches

    def backward(self, dz: Array, patches: Array, W: Array, b: Array) -> tuple[Array, ...]:
        dW = einsum("nhwo,klcnhw->oklc", dz, patches)
        db = einsum("nhwo->o", dz)
        # A pixel is multiplied by weight (k, l) in the patch that starts k rows and l columns
        # before it.
        margin = (self.kernel - 1, self.kernel - 1)
        padded_patches = self.patches(np.pad(dz, ((0, 0), margin, margin, (0, 0))))
        dx = einsum("klonhw,oklc->nhwc", padded_patches, W[:, ::-1, ::-1])
        return dx, dW, db

    def patches(self, x: Array) -> Array:
        """Return a copy of all patches `[k, l, c, n, h, w]`, contiguous as BLAS requires."""
        windows = sliding_window_view(x, (self.kernel, self.kernel), axis=(1, 2))
        return np.positive(windows.transpose(4, 5, 3, 0, 1, 2))


@dataclass(frozen=True)
class MaxPool2d(Layer):
    """y = the maximum of each square of pixels; incomplete squares at the edges are ignored."""

    size: int

    def shapes(self, input_shape: Shape) -> tuple[Shape, ...]:
        height, width, channels = input_shape
        return ((height // self.size, width // self.size, channels),)

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        ((height, width, channels),) = self.shapes(x.shape[1:])
        cropped = x[:, : height * self.size, : width * self.size]
        squares = cropped.reshape(len(x), height, self.size, width, self.size, channels)
        y = reduce(np.maximum, self.pixels(squares))
        return y, (squares, y, x.shape)

    def backward(self, dy: Array, saved: Any) -> tuple[Array, ...]:
        squares, y, (count, height, width, channels) = saved
        # Pixels tied for the maximum share the gradient.
        ties = reduce(np.add, [(pixel == y).astype(dy.dtype) for pixel in self.pixels(squares)])
        dsquares = (dy / ties)[:, :, None, :, None] * (squares == y[:, :, None, :, None])
        rows, columns = y.shape[1] * self.size, y.shape[2] * self.size
        dcropped = dsquares.reshape(count, rows, columns, channels)
        return (np.pad(dcropped, ((0, 0), (0, height - rows), (0, width - columns), (0, 0))),)

    def pixels(self, squares: Array) -> list[Array]:
        """Return each position in the squares `[n, h, row, w, column, c]` as `[n, h, w, c]`."""
        return [squares[:, :, i, :, j] for i, j in np.ndindex(self.size, self.size)]


@dataclass(frozen=True)
class Dropout(Layer):
    """y = x m / (1 - p), where each m is 0 with probability p, else 1; y = x outside of training.

    Source: Srivastava et al., "Dropout", JMLR 15, 2014, with the scaling applied in training.
    """

    rate: float

    def forward(self, x: Array, rng: Rng = None) -> tuple[Array, Any]:
        if rng is None:
            return x, None
        mask = rng.random(x.shape, dtype=x.dtype) >= self.rate
        return x * mask / (1 - self.rate), mask

    def backward(self, dy: Array, mask: Any) -> tuple[Array, ...]:
        return (dy if mask is None else dy * mask / (1 - self.rate),)


@dataclass(frozen=True)
class Activation(Layer):
    """a = f(z), where f is the named function of `ACTIVATIONS`."""

    name: str

    def forward(self, z: Array, rng: Rng = None) -> tuple[Array, Any]:
        function, _ = ACTIVATIONS[self.name]
        a = function(z)
        return a, (z, a)

    def backward(self, da: Array, saved: Any) -> tuple[Array, ...]:
        _, backward = ACTIVATIONS[self.name]
        return (backward(da, *saved),)


LAYERS = {layer.__name__: layer for layer in (Activation, Conv2d, Dense, Dropout, MaxPool2d)}
