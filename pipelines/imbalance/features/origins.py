"""The origins of the training, validation and test splits of a series."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.data.schema import STEP
from pipelines.imbalance.features.features import Features

__all__ = ["Origins", "split_origins"]


@dataclass(frozen=True, eq=False)
class Origins:
    """Row numbers of the origins whose steps all lie in the same split.

    Attributes:
        training: Origins of the training split.
        validation: Origins of the validation split.
        test: Origins of the test split.
    """

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def split_origins(prepared: Prepared, features: Features) -> Origins:
    """Return the origins of each split of a series, given the features of its table."""
    begin, end = features.times[0], features.times[-1] + STEP
    return Origins(
        training=features.origins_between(begin, prepared.validation_start),
        validation=features.origins_between(prepared.validation_start, prepared.test_start),
        test=features.origins_between(prepared.test_start, end),
    )
