"""Latents, and a density over them, to try things on."""

import pytest
import torch
from torch import Tensor

from pipelines.digits.models.latents import LatentDensity


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def mixture() -> LatentDensity:
    """Two components far apart, in three dimensions."""
    factors = torch.tensor(
        [[[1, 0, 0], [0.5, 2, 0], [-1, 0.3, 0.7]], [[0.2, 0, 0], [0, 0.1, 0], [0.1, 0, 0.3]]],
        dtype=torch.float64,
    )
    return LatentDensity(
        weights=torch.tensor([0.3, 0.7], dtype=torch.float64),
        means=torch.tensor([[0.0, 1, 2], [30, 31, 32]], dtype=torch.float64),
        factors=factors,
    )


@pytest.fixture
def latents(generator: torch.Generator) -> Tensor:
    """500 of one normal distribution, two of whose three dimensions are correlated."""
    return (
        torch.randn(500, 3, generator=generator)
        @ torch.tensor([[2.0, 1, 0], [0, 1, 0], [0, 0, 0.1]])
        + 5
    )
