"""Regularization: penalties on the weights, and gradient clipping."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipelines.figures.network.notation import Array, einsum

__all__ = ["PENALTIES", "Penalty", "clip_norm"]


def l1(W: Array) -> float:
    """Σ |w|."""
    return float(np.abs(W).sum())


def l1_gradient(W: Array) -> Array:
    """Sign of w."""
    return np.sign(W)


def l2(W: Array) -> float:
    """½ Σ w²."""
    return float(np.square(W).sum()) / 2


def l2_gradient(W: Array) -> Array:
    """w."""
    return W


class Penalty(NamedTuple):
    """A penalty on an array of weights, before multiplication by its rate, and its gradient."""

    value: Callable[[Array], float]
    gradient: Callable[[Array], Array]


PENALTIES = {"l1": Penalty(l1, l1_gradient), "l2": Penalty(l2, l2_gradient)}


def clip_norm(g: Array, limit: float) -> Array:
    """min(1, limit / ‖g‖) g, for g `[count]` (Pascanu et al., arXiv:1211.5063, algorithm 1)."""
    return g * (limit / np.maximum(np.sqrt(einsum("i,i->", g, g)), limit))
