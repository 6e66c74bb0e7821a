"""The notation of the formulas: arrays, and `np.einsum` for every sum of products."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "einsum"]

Array = NDArray[np.floating]

# With `optimize`, a product of two arrays is one of BLAS where that is possible.
einsum = partial(np.einsum, optimize=True)
