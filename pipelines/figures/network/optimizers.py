"""Optimizers and learning-rate schedules.

An optimizer takes the parameters w, their gradient g and its running means, each `[count]`, the
learning rate η, and the number t of the step (from 1). It returns new parameters and means.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipelines.figures.network.notation import Array

__all__ = ["OPTIMIZERS", "SCHEDULES", "Optimizer", "Update"]

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8

Means = tuple[Array, ...]
Updated = tuple[Array, Means]
Update = Callable[[Array, Array, Means, float, int], Updated]


def sgd(w: Array, g: Array, means: Means, eta: float, t: int) -> Updated:
    """Gradient descent: w ← w - η g."""
    return w - eta * g, ()


def momentum(w: Array, g: Array, means: Means, eta: float, t: int, mu: float) -> Updated:
    """v ← μ v + g; w ← w - η v (Polyak 1964, in the form of Sutskever et al. 2013)."""
    (v,) = means
    v = mu * v + g
    return w - eta * v, (v,)


def adam(w: Array, g: Array, means: Means, eta: float, t: int) -> Updated:
    """Adam (Kingma and Ba, arXiv:1412.6980, algorithm 1).

    m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; w ← w - η m̂ / (√v̂ + ε). Both means start at
    zero; m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ) correct the resulting bias.
    """
    m, v = means
    m = BETA_1 * m + (1 - BETA_1) * g
    v = BETA_2 * v + (1 - BETA_2) * np.square(g)
    v_hat = v / (1 - BETA_2**t)
    return w - eta / (1 - BETA_1**t) * m / (np.sqrt(v_hat) + EPSILON), (m, v)


def adamw(w: Array, g: Array, means: Means, eta: float, t: int, decay: float) -> Updated:
    """w ← (1 - η λ) w, then Adam (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2)."""
    return adam((1 - eta * decay) * w, g, means, eta, t)


class Optimizer(NamedTuple):
    """An optimizer's formula, and the number of its running means, which start at zero."""

    update: Callable[..., Updated]
    means: int


OPTIMIZERS = {
    "sgd": Optimizer(sgd, 0),
    "momentum": Optimizer(momentum, 1),
    "adam": Optimizer(adam, 2),
    "adamw": Optimizer(adamw, 2),
}


def constant(progress: float) -> float:
    """Factor 1: a constant learning rate."""
    return 1.0


def cosine(progress: float) -> float:
    """Factor ½ (1 + cos π p), from 1 to 0 (Loshchilov and Hutter, arXiv:1608.03983)."""
    return (1 + math.cos(math.pi * progress)) / 2


def one_cycle(
    progress: float, warmup: float = 0.3, start: float = 0.04, end: float = 4e-6
) -> float:
    """Factor from 0.04 up to 1 and down to 4 · 10⁻⁶, along cosines (Smith, arXiv:1708.07120)."""
    if progress < warmup:
        return 1 + (start - 1) * cosine(progress / warmup)
    return end + (1 - end) * cosine((progress - warmup) / (1 - warmup))


SCHEDULES = {"constant": constant, "cosine": cosine, "one_cycle": one_cycle}
"""Factors of the learning rate, as functions of progress from 0 (first step) to 1 (last step)."""
