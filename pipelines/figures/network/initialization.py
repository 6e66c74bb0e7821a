"""Initial weights, drawn at random."""

import math
from collections.abc import Sequence
from numbers import Real

import numpy as np
from numpy.typing import NDArray

__all__ = ["Initialization", "draw_weights", "per_layer"]

Initialization = float | str
"""A positive number r (uniform between -r and r), "glorot" or "he"."""


def draw_weights(
    initialization: Initialization, outputs: int, inputs: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the initial weights of a dense layer.

    Args:
        initialization: a positive number r: uniform between -r and r; "glorot": uniform between
            ±√(6 / (inputs + outputs)) (Glorot and Bengio, AISTATS 2010); "he": normal with the
            standard deviation √(2 / inputs) (He et al., arXiv:1502.01852).
        outputs: number of the layer's units.
        inputs: number of the layer's inputs.
        rng: source of the draw.

    Returns:
        Weights, `[outputs, inputs]`.

    Raises:
        ValueError: `initialization` is none of these.
    """
    if initialization == "he":
        return rng.normal(0.0, math.sqrt(2 / inputs), (outputs, inputs))
    if initialization == "glorot":
        limit = math.sqrt(6 / (inputs + outputs))
    elif _is_positive_number(initialization):
        limit = float(initialization)
    else:
        raise ValueError(
            f"initialization={initialization!r}: expected a positive number, 'glorot' or 'he', "
            "or one of these for each layer of weights"
        )
    return rng.uniform(-limit, limit, (outputs, inputs))


def per_layer(
    initialization: Initialization | Sequence[Initialization], layers: int
) -> list[Initialization]:
    """Return one initialization for each layer of weights.

    Args:
        initialization: one for all layers, or a sequence of one for each.
        layers: number of the layers.

    Raises:
        ValueError: the sequence has another length.
    """
    if isinstance(initialization, str | Real):
        return [initialization] * layers
    if not isinstance(initialization, Sequence) or len(initialization) != layers:
        raise ValueError(
            f"initialization={initialization!r}: expected one for all or a sequence of {layers}, "
            "one for each layer of weights"
        )
    return list(initialization)


def _is_positive_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and 0 < value < math.inf
