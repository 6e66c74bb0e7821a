"""The weights and biases of a network, kept in one vector."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Parameters"]


@dataclass(frozen=True)
class Parameters:
    """Weights and biases of successive dense layers as views of one vector.

    All weights come first, then all biases, so an optimizer or a penalty treats a whole network
    with a few vector operations. Gradients and their moments are kept in the same form.

    Attributes:
        widths: number of inputs, then of the units of each layer.
        vector: all weights, then all biases, `[count]`.
    """

    widths: tuple[int, ...]
    vector: NDArray[np.floating]

    @classmethod
    def zeros(cls, widths: tuple[int, ...], dtype: np.dtype) -> "Parameters":
        """Return parameters that are all zero."""
        return cls(widths, np.zeros(_weight_count(widths) + sum(widths[1:]), dtype))

    def zeros_like(self) -> "Parameters":
        """Return parameters of the same form that are all zero."""
        return Parameters(self.widths, np.zeros_like(self.vector))

    @property
    def all_weights(self) -> NDArray[np.floating]:
        """The weights of every layer in one vector, without the biases."""
        return self.vector[: _weight_count(self.widths)]

    @property
    def weights(self) -> list[NDArray[np.floating]]:
        """The weights of each layer, `[outputs, inputs]`."""
        shapes = list(zip(self.widths[1:], self.widths[:-1], strict=True))
        ends = np.cumsum([outputs * inputs for outputs, inputs in shapes])
        parts = np.split(self.all_weights, ends[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    @property
    def biases(self) -> list[NDArray[np.floating]]:
        """The biases of each layer, `[outputs]`."""
        ends = np.cumsum(self.widths[1:])
        return np.split(self.vector[_weight_count(self.widths) :], ends[:-1])


def _weight_count(widths: tuple[int, ...]) -> int:
    return sum(outputs * inputs for outputs, inputs in zip(widths[1:], widths[:-1], strict=True))
