"""Rules that move parameters along a gradient."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.network.contraction import Operation, add_scaled
from pipelines.figures.network.parameters import Parameters
from pipelines.figures.network.regularization import Penalty

__all__ = ["Update", "adam", "gradient_descent"]

# Parameters updated at once: all of Adam's vectors of this length stay in the second-level cache.
BLOCK = 2**15

# Arithmetic on subnormal numbers takes a hundred times as long. Means that decay for want of a
# gradient, and weights that decay by a penalty, end there; so what comes near is set to zero.
FLUSH_INTERVAL = 64
FLUSH_MARGIN = 2**20


class Update(NamedTuple):
    """What a training step does with the gradient of the loss.

    Backpropagation computes `accumulator = keep * accumulator + scale * gradient`, which costs
    no more than the gradient alone; the operations of `finish` follow.

    Attributes:
        accumulator: where the gradient goes: the parameters themselves, a velocity, or a gradient.
        scale: factor of the gradient.
        keep: factors of the weights and of the biases already in the accumulator.
        finish: operations that complete the step.
    """

    accumulator: Parameters
    scale: float
    keep: tuple[float, float]
    finish: list[Operation]


def gradient_descent(
    parameters: Parameters, learning_rate: float, momentum: float, penalty: Penalty
) -> Update:
    """Return the rule w = w - learning_rate v, with the velocity v = momentum v + gradient.

    Without momentum and l1 the step happens inside the gradient's own product, and l2 is its
    factor of the old weights: w = (1 - learning_rate l2) w - learning_rate gradient.

    Args:
        parameters: what to update in place.
        learning_rate: length of a step along the velocity.
        momentum: share of the velocity kept from step to step, from 0 to below 1.
        penalty: whose gradient joins the loss'.
    """
    if momentum == 0 and penalty.l1 == 0:
        return Update(
            parameters,
            scale=-learning_rate,
            keep=(1 - learning_rate * penalty.l2, 1.0),
            finish=[_flush(parameters.vector)] if penalty.l2 else [],
        )
    velocity = parameters.zeros_like()
    return Update(
        velocity,
        scale=1.0,
        keep=(momentum, momentum),
        finish=[
            *penalty.add_gradient(parameters.all_weights, velocity.all_weights),
            *add_scaled(-learning_rate, velocity.vector, out=parameters.vector),
            *(_flush(vector) for vector in (velocity.vector, parameters.vector)),
        ],
    )


def adam(
    parameters: Parameters,
    learning_rate: float,
    penalty: Penalty,
    decay: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
) -> Update:
    """Return the rule of Adam (Kingma and Ba, arXiv:1412.6980, algorithm 1).

    Args:
        parameters: what to update in place.
        learning_rate: about the length of a step in each parameter.
        penalty: whose gradient joins the loss'.
        decay: share that the running means of gradients and of their squares keep at each step.
        epsilon: added to the root of the mean square.
    """
    gradient = parameters.zeros_like()
    mean, mean_square = np.zeros_like(gradient.vector), np.zeros_like(gradient.vector)
    scratch = np.zeros_like(gradient.vector[:BLOCK])
    blocks = [
        tuple(
            vector[start : start + BLOCK]
            for vector in (parameters.vector, gradient.vector, mean, mean_square)
        )
        for start in range(0, len(mean), BLOCK)
    ]
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        # Both running means start from zero; dividing by these factors makes up for it.
        mean_weight, square_weight = 1 - decay[0] ** steps, 1 - decay[1] ** steps
        for w, g, m, v in blocks:
            s = scratch[: len(w)]
            np.multiply(m, decay[0], m)
            np.multiply(g, 1 - decay[0], s)
            np.add(m, s, m)
            np.square(g, g)
            np.multiply(v, decay[1], v)
            np.multiply(g, 1 - decay[1], g)
            np.add(v, g, v)
            np.divide(v, square_weight, s)
            np.sqrt(s, s)
            np.add(s, epsilon, s)
            np.divide(m, s, s)
            np.multiply(s, learning_rate / mean_weight, s)
            np.subtract(w, s, w)

    return Update(
        gradient,
        scale=1.0,
        keep=(0.0, 0.0),
        finish=[
            *penalty.add_gradient(parameters.all_weights, gradient.all_weights),
            step,
            *(_flush(vector) for vector in (mean, mean_square, parameters.vector)),
        ],
    )


def _flush(vector: NDArray[np.floating]) -> Operation:
    """Return the operation that, once in `FLUSH_INTERVAL` calls, zeroes what is nearly so."""
    smallest = np.finfo(vector.dtype).tiny * FLUSH_MARGIN
    calls = 0

    def flush() -> None:
        nonlocal calls
        calls += 1
        if calls % FLUSH_INTERVAL == 0:
            vector[np.abs(vector) < smallest] = 0

    return flush
