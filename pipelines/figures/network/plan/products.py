"""Einstein sums as matrix products, computed by BLAS."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas
from threadpoolctl import threadpool_info

__all__ = ["GEMM", "gemm_calls", "product_of"]

GEMM = {np.dtype(np.float32): blas.sgemm, np.dtype(np.float64): blas.dgemm}

# With AVX-512, OpenBLAS computes matrix products of up to so many multiplications directly. It
# copies the operands of larger ones first, which is slow if one of the lengths is at most `SHORT`.
DIRECT_MULTIPLICATIONS = 10**6
SHORT = 24

Axes = tuple[list[int], list[int]]
"""Axes of an array that form the rows of a matrix, and those that form its columns."""


@cache
def product_of(subscripts: str) -> tuple[int, Axes, Axes] | None:
    """Return an einsum of one or two operands as a matrix product.

    The sum of a single operand is treated as its product with a vector of ones.

    Returns:
        The index of the left operand, its axes, and the axes of the right operand; or None if the
        einsum is not a matrix product.
    """
    *terms, out = subscripts.replace("->", ",").split(",")
    if len(terms) == 1:
        terms.append("".join(letter for letter in terms[0] if letter not in out))
    if len(terms) != 2 or not all(terms) or any(len({*term}) < len(term) for term in (*terms, out)):
        return None
    index = int(out[:1] not in terms[0])
    left, right = terms[index], terms[1 - index]
    rows = [letter for letter in out if letter in left]
    columns = [letter for letter in out if letter in right]
    summed = [letter for letter in right if letter in left and letter not in out]
    is_complete = len(left) == len(rows + summed) and len(right) == len(summed + columns)
    if not is_complete or "".join(rows + columns) != out:
        return None
    left_axes = [left.index(i) for i in rows], [left.index(i) for i in summed]
    right_axes = [right.index(i) for i in summed], [right.index(i) for i in columns]
    return index, left_axes, right_axes


def as_matrix(
    array: NDArray, axes: Axes, copied: Callable[[NDArray], NDArray]
) -> tuple[NDArray, bool]:
    """Return an operand as a C-contiguous matrix, or as one that is its transpose.

    The operand is copied only if neither is possible without a copy.

    Returns:
        The matrix, and whether it is the transpose.
    """
    sides = [math.prod(array.shape[axis] for axis in side) for side in axes]
    for transposed in (False, True):
        (rows, columns), (height, width) = (
            (axes[::-1], sides[::-1]) if transposed else (axes, sides)
        )
        ordered = array.transpose([*rows, *columns])
        if ordered.flags.c_contiguous:
            return ordered.reshape(height, width), transposed
    return copied(array.transpose([*axes[0], *axes[1]])).reshape(sides), False


def gemm_calls(
    subscripts: str,
    operands: list[NDArray],
    out: NDArray,
    alpha: Any,
    beta: Any,
    copied: Callable[[NDArray], NDArray],
) -> list[tuple]:
    """Return the BLAS calls for `out = beta * out + alpha * einsum(operands)`.

    If beta is 0, `out` is not read. `copied` returns a contiguous copy of an operand.

    Returns:
        One tuple per call: the function, followed by its arguments.
    """
    index, left_axes, right_axes = product_of(subscripts)
    if len(operands) == 1:
        lengths = [operands[0].shape[axis] for axis in left_axes[1]]
        operands = [*operands, np.ones(lengths, out.dtype)]
    a, a_transposed = as_matrix(operands[index], left_axes, copied)
    b, b_transposed = as_matrix(operands[1 - index], right_axes, copied)
    summed, rows = a.shape if a_transposed else a.shape[::-1]
    out = out.reshape(rows, -1)
    # A long and narrow product is cut along an axis that is the first one of each array it is in.
    cut_rows, cut_summed = not a_transposed, a_transposed and not b_transposed
    length, others = (rows, (summed, out.shape[1])) if cut_rows else (summed, out.shape)
    step = DIRECT_MULTIPLICATIONS // math.prod(others) // 16 * 16
    if not _has_direct_kernel() or min(others) > SHORT or step < 32 or not (cut_rows or cut_summed):
        step = length
    calls = []
    for start in range(0, length, step):
        piece, everything = slice(start, start + step), slice(None)
        left = a[piece if cut_rows or cut_summed else everything]
        right = b[piece if cut_summed else everything]
        result = out[piece if cut_rows else everything]
        factor = 1.0 if start and not cut_rows else beta
        # BLAS stores matrices by columns: each array appears transposed, and outᵀ = bᵀ aᵀ.
        flags = int(b_transposed), int(a_transposed), 1
        calls.append((GEMM[out.dtype], alpha, right.T, left.T, factor, result.T, *flags))
    return calls


@cache
def _has_direct_kernel() -> bool:
    """Return whether OpenBLAS uses AVX-512."""
    kernels = {library.get("architecture") for library in threadpool_info()}
    return bool(kernels & {"SkylakeX", "Cooperlake", "SapphireRapids"})
