"""Einstein sums over two arrays, resolved once to a BLAS product over fixed arrays."""

import math
import re
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas

__all__ = ["Operation", "add_scaled", "contraction"]

PRODUCTS = {np.dtype(np.float32): blas.sgemm, np.dtype(np.float64): blas.dgemm}
ADDITIONS = {np.dtype(np.float32): blas.saxpy, np.dtype(np.float64): blas.daxpy}

# OpenBLAS multiplies matrices with up to so many multiplications as they lie. It copies larger
# ones first, which does not pay if one of the lengths is as short as this.
DIRECT_MULTIPLICATIONS = 10**6
SHORT = 24

# Elements added at once: from 10,000 on OpenBLAS calls in its threads, which here costs more than
# the sum itself, and very much more where the processor has other work.
BLOCK = 2**13

Operation = Callable[[], object]
"""A step of a computation over arrays fixed beforehand; what it returns is not used."""


def contraction(
    subscripts: str,
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    out: NDArray[np.floating],
    *,
    scale: float = 1.0,
    keep: float = 0.0,
) -> list[Operation]:
    """Prepare `out = keep * out + scale * np.einsum(subscripts, first, second)`.

    The subscripts are parsed here; what is returned are BLAS products that read and write the very
    arrays given: one, or, of a long and narrow matrix, one for each of several pieces. `scale` and
    `keep` are BLAS' own alpha and beta, so a step of gradient descent costs no more than the
    product that it contains.

    Args:
        subscripts: as for `np.einsum`, for example `"ni,oi->no"`: terms of one or two axes, each
            letter in exactly two of the three terms, at most one letter summed over.
        first: the first operand, C-contiguous, float32 or float64.
        second: the second operand, of the same type.
        out: the array to write to, of the same type, apart from the operands in memory.
        scale: factor of the sum.
        keep: factor of what `out` holds; at 0 that is not even read.

    Returns:
        Operations that, called in order, compute the contraction from what the arrays then hold.

    Raises:
        ValueError: the subscripts have another form, or the arrays do not go with them.

    >>> x, weights, z = np.ones((3, 2)), np.array([[1.0, 2.0]]), np.zeros((3, 1))
    >>> for operation in contraction("ni,oi->no", x, weights, out=z):
    ...     _ = operation()
    >>> z.ravel()
    array([3., 3., 3.])
    """
    terms = _parse(subscripts)
    arrays = (first, second, out)
    lengths = _check(subscripts, terms, arrays)
    letter, pieces = _cut(terms, lengths)
    return [
        _product(
            terms,
            *(a[piece] if letter in term else a for term, a in zip(terms, arrays, strict=True)),
            scale,
            keep if letter in terms[2] or piece.start == 0 else 1.0,
        )
        for piece in pieces
    ]


def _product(
    terms: tuple[str, str, str],
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    out: NDArray[np.floating],
    scale: float,
    keep: float,
) -> Operation:
    first_term, second_term, out_term = terms
    if out_term[0] in second_term and out_term[-1] in first_term:
        first, second, first_term, second_term = second, first, second_term, first_term
    summed = "".join(set(first_term) & set(second_term))
    left, left_sums_down = _matrix(first_term, first, summed)
    right, right_sums_down = _matrix(second_term, second, summed)
    rows = left.shape[1 if left_sums_down else 0]
    # BLAS stores by columns: it sees each array transposed, and computes outᵀ = rightᵀ leftᵀ.
    return partial(
        PRODUCTS[out.dtype],
        scale,
        right.T,
        left.T,
        keep,
        out.reshape(rows, -1).T,
        not right_sums_down,
        left_sums_down,
        True,  # overwrite out
    )


def add_scaled(
    scale: float, vector: NDArray[np.floating], out: NDArray[np.floating]
) -> list[Operation]:
    """Prepare `out = out + scale * vector` for two vectors of one type and length.

    >>> total = np.ones(2)
    >>> for operation in add_scaled(-0.5, np.array([1.0, 2.0]), out=total):
    ...     _ = operation()
    >>> total
    array([0.5, 0. ])
    """
    blocks = [slice(start, start + BLOCK) for start in range(0, len(out), BLOCK)]
    return [
        partial(ADDITIONS[out.dtype], vector[block], out[block], len(out[block]), scale)
        for block in blocks
    ]


def _parse(subscripts: str) -> tuple[str, str, str]:
    form = re.fullmatch(r"([a-z]{1,2}),([a-z]{1,2})->([a-z]{1,2})", subscripts)
    terms = form.groups() if form else ()
    letters = "".join(terms)
    if not form or any(letters.count(letter) != 2 for letter in letters):
        raise ValueError(
            f"subscripts={subscripts!r}: expected two operands and an output of one or two axes, "
            "each letter in exactly two of the three"
        )
    if any(len(set(term)) != len(term) for term in terms) or len(set(terms[0]) & set(terms[1])) > 1:
        raise ValueError(f"subscripts={subscripts!r}: expected at most one axis to be summed over")
    return terms


def _check(
    subscripts: str, terms: tuple[str, str, str], arrays: tuple[NDArray[np.floating], ...]
) -> dict[str, int]:
    """Return the length of the axis of each letter, if the arrays go with the subscripts."""
    out = arrays[-1]
    lengths: dict[str, int] = {}
    for term, array in zip(terms, arrays, strict=True):
        if array.dtype not in PRODUCTS or array.dtype != out.dtype:
            raise ValueError(
                f"{subscripts}: dtype {array.dtype} beside an output of {out.dtype}: "
                "expected float32 everywhere or float64 everywhere"
            )
        if not array.flags.c_contiguous:
            raise ValueError(f"{subscripts}: the array for {term!r} must be C-contiguous")
        if array.ndim != len(term) or any(
            lengths.setdefault(letter, length) != length
            for letter, length in zip(term, array.shape, strict=True)
        ):
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise ValueError(f"{subscripts}: the shapes {shapes} do not go with these subscripts")
    if any(np.may_share_memory(out, array) for array in arrays[:-1]):
        raise ValueError(f"{subscripts}: out must not overlap an operand in memory")
    return lengths


def _cut(terms: tuple[str, str, str], lengths: dict[str, int]) -> tuple[str, list[slice]]:
    """Choose an axis, and the pieces of it to compute one after the other.

    It has to be the first axis wherever it occurs, so that the pieces are C-contiguous.
    """
    for letter, length in lengths.items():
        others = [lengths[other] for other in lengths if other != letter]
        step = DIRECT_MULTIPLICATIONS // math.prod(others) // 16 * 16
        first_everywhere = all(term.find(letter) <= 0 for term in terms)
        if first_everywhere and len(others) == 2 and min(others) <= SHORT and 32 <= step < length:
            return letter, [slice(start, start + step) for start in range(0, length, step)]
    return terms[0][0], [slice(0, None)]


def _matrix(
    term: str, array: NDArray[np.floating], summed: str
) -> tuple[NDArray[np.floating], bool]:
    """Return the operand as a matrix, and whether its summed axis is the first."""
    if len(term) == 1:
        return array.reshape((1, -1) if term == summed else (-1, 1)), False
    return array, term[0] == summed
