"""Fixtures: small digits, latents and a density of latents."""

import pytest
import torch
from torch import Tensor

from pipelines.digits.data.mnist import Digits, small_digits
from pipelines.digits.models.latents import LatentDensity


@pytest.fixture(scope="session")
def digits() -> Digits:
    return small_digits()


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def mixture() -> LatentDensity:
    """Return a density with two distant components in three dimensions."""
    wide, narrow = (
        [[1, 0, 0], [0.5, 2, 0], [-1, 0.3, 0.7]],
        [[0.2, 0, 0], [0, 0.1, 0], [0.1, 0, 0.3]],
    )
    arrays = [0.3, 0.7], [[0.0, 1, 2], [30, 31, 32]], [wide, narrow]
    return LatentDensity(*(torch.tensor(array, dtype=torch.float64) for array in arrays))


@pytest.fixture
def latents(generator: torch.Generator) -> Tensor:
    """Return 500 latents of a normal distribution with two correlated dimensions and a third."""
    factor = torch.tensor([[2.0, 1, 0], [0, 1, 0], [0, 0, 0.1]])
    return torch.randn(500, 3, generator=generator) @ factor + 5
