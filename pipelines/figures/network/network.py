"""A feed-forward network: its architecture and its parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.network.backpropagation import Chain, propagate
from pipelines.figures.network.initialization import Initialization, draw_weights, per_layer
from pipelines.figures.network.parameters import Parameters

__all__ = ["Network"]


@dataclass(frozen=True)
class Network:
    """Dense layers one after the other.

    Attributes:
        parameters: weights and biases of the layers.
        chain: the activations of each layer; an output layer "sigmoid" with a softmax layer on
            top is `("sigmoid", "softmax")`.

    >>> rng = np.random.default_rng(0)
    >>> network = Network.draw((900, 20, 4), [("relu",), ("softmax",)], "glorot", rng)
    >>> network.outputs(np.zeros((2, 900)))
    array([[0.25, 0.25, 0.25, 0.25],
           [0.25, 0.25, 0.25, 0.25]], dtype=float32)
    """

    parameters: Parameters
    chain: Chain

    @classmethod
    def zeros(cls, widths: Sequence[int], chain: Chain, dtype: str = "float32") -> "Network":
        """Return a network whose weights and biases are zero.

        Args:
            widths: number of inputs, then of the units of each layer.
            chain: the activations of each layer.
            dtype: "float32" or "float64".

        Raises:
            ValueError: an argument is not of these.
        """
        _check_architecture(widths, chain, dtype)
        return cls(Parameters.zeros(tuple(widths), np.dtype(dtype)), chain)

    @classmethod
    def draw(
        cls,
        widths: Sequence[int],
        chain: Chain,
        initialization: Initialization | Sequence[Initialization],
        rng: np.random.Generator,
        dtype: str = "float32",
    ) -> "Network":
        """Return a network with random weights and biases of zero.

        Args:
            widths: number of inputs, then of the units of each layer.
            chain: the activations of each layer.
            initialization: as for `draw_weights`; one for all layers, or one for each.
            rng: source of the weights.
            dtype: "float32" or "float64".

        Raises:
            ValueError: an argument is not of these.
        """
        network = cls.zeros(widths, chain, dtype)
        kinds = per_layer(initialization, len(chain))
        for weights, kind in zip(network.parameters.weights, kinds, strict=True):
            weights[:] = draw_weights(kind, *weights.shape, rng)
        return network

    def outputs(self, X: NDArray) -> NDArray[np.floating]:
        """Return the outputs `[count, outputs]` for inputs `X`, `[count, inputs]`."""
        return propagate(self.parameters, self.chain, X)


def _check_architecture(widths: Sequence[int], chain: Chain, dtype: str) -> None:
    if len(chain) < 1 or len(widths) != len(chain) + 1:
        raise ValueError(f"widths={widths!r}: expected one more than the {len(chain)} layers")
    if any(
        isinstance(width, bool) or not isinstance(width, Integral) or width < 1 for width in widths
    ):
        raise ValueError(f"widths={widths!r}: expected whole numbers of at least 1")
    for name in (name for names in chain for name in names):
        if name not in ACTIVATIONS:
            raise ValueError(f"activation={name!r}: expected one of {', '.join(ACTIVATIONS)}")
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype={dtype!r}: expected 'float32' or 'float64'")
