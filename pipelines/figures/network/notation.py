"""Notation of the formulas: the array type, and `einsum` for sums of products."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "einsum"]

Array = NDArray[np.floating]

# With `optimize`, NumPy uses BLAS for the product of two arrays where possible.
einsum = partial(np.einsum, optimize=True)
