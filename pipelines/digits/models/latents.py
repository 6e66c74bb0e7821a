"""Densities of latents, for sampling and for anomaly detection.

The prior also covers regions without training images. A density that is fitted to the latents of
the training images avoids them (Ghosh et al., "From Variational to Deterministic Autoencoders",
2020).
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

__all__ = [
    "LatentDensity",
    "check_latents",
    "independent_normals",
    "load_density",
    "quadratic_terms",
    "save_density",
    "standard_normal",
]

LATENTS_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class LatentDensity:
    """A mixture of one or more normal distributions, on the CPU and in double precision.

    Attributes:
        weights: Weights of the components with sum 1, float64 [components].
        means: Means of the components, float64 [components, dimension].
        factors: Lower-triangular Cholesky factors of the components' covariances, float64
            [components, dimension, dimension].
    """

    weights: Tensor
    means: Tensor
    factors: Tensor

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Sample independent latents from the density, float32 [count, dimension]."""
        component = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        noise = torch.randn(count, self.means.shape[1], 1, dtype=torch.float64, generator=generator)
        return (self.means[component] + (self.factors[component] @ noise).squeeze(2)).float()

    def log_density(self, latents: Tensor) -> Tensor:
        """Return the log density at latents, [n, dimension], as float64 [n]."""
        coefficients = self.coefficients()
        batches = latents.double().split(LATENTS_AT_ONCE)
        return torch.cat([(quadratic_terms(z) @ coefficients).logsumexp(dim=1) for z in batches])

    def coefficients(self) -> Tensor:
        """Return the coefficients of the quadratic terms in log (weight x normal density).

        A log normal density is linear in these terms. One matrix product therefore evaluates all
        latents and components.
        """
        dimension = self.means.shape[1]
        rows, columns = torch.tril_indices(dimension, dimension)
        precisions = torch.cholesky_inverse(self.factors)
        slopes = (precisions @ self.means.unsqueeze(2)).squeeze(2)
        curvatures = -precisions[:, rows, columns]
        curvatures[:, rows == columns] /= 2
        constants = (
            self.weights.log()
            - self.factors.diagonal(dim1=1, dim2=2).log().sum(1)
            - dimension / 2 * math.log(2 * math.pi)
            - (slopes * self.means).sum(1) / 2
        )
        return torch.cat([constants[:, None], slopes, curvatures], dim=1).T


def quadratic_terms(latents: Tensor) -> Tensor:
    """Return 1, the coordinates, and their products in the order of `tril_indices`, [n, terms].

    Example:
        >>> quadratic_terms(torch.tensor([[2.0, 3.0]]))
        tensor([[1., 2., 3., 4., 6., 9.]])
    """
    rows, columns = torch.tril_indices(latents.shape[1], latents.shape[1])
    products = latents[:, rows] * latents[:, columns]
    return torch.cat([torch.ones_like(latents[:, :1]), latents, products], dim=1)


def standard_normal(dimension: int) -> LatentDensity:
    """Return the density of N(0, I), the prior of a variational autoencoder.

    Example:
        >>> standard_normal(2).log_density(torch.zeros(1, 2)).exp() * 2 * math.pi
        tensor([1.], dtype=torch.float64)
    """
    return LatentDensity(
        weights=torch.ones(1, dtype=torch.float64),
        means=torch.zeros(1, dimension, dtype=torch.float64),
        factors=torch.eye(dimension, dtype=torch.float64)[None],
    )


def independent_normals(latents: Tensor) -> LatentDensity:
    """Fit a normal distribution to each coordinate separately.

    Args:
        latents: Latents of the training images, [n, dimension].

    Raises:
        ValueError: If the latents have fewer than two rows, or a coordinate is constant.
    """
    check_latents(latents, 2)
    latents = latents.double()
    std = latents.std(dim=0)
    if not (std > 0).all():
        raise ValueError("latents: a coordinate is constant, so it has no normal density")
    return LatentDensity(
        weights=torch.ones(1, dtype=torch.float64),
        means=latents.mean(dim=0, keepdim=True),
        factors=torch.diag(std)[None],
    )


def save_density(density: LatentDensity, path: Path) -> None:
    """Save a density as a safetensors file. The same density gives the same bytes."""
    tensors = {name: tensor.contiguous() for name, tensor in asdict(density).items()}
    path.write_bytes(save(tensors))


def load_density(path: Path) -> LatentDensity:
    """Load the density that `save_density` saved.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is damaged or does not contain a density.
    """
    try:
        density = LatentDensity(**load_file(path))
    except (SafetensorError, TypeError) as error:
        raise ValueError(f"{path}: not a saved density: {error}") from error
    components, dimension = density.means.shape if density.means.ndim == 2 else (0, 0)
    if (
        not components
        or density.weights.shape != (components,)
        or density.factors.shape != (components, dimension, dimension)
    ):
        shapes = {name: list(tensor.shape) for name, tensor in vars(density).items()}
        raise ValueError(f"{path}: not a saved density: shapes {shapes}")
    return density


def check_latents(latents: Tensor, least: int) -> None:
    """Check the shape of latents, [n, dimension], and that they are finite.

    Args:
        latents: The latents.
        least: Smallest accepted number of latents.

    Raises:
        ValueError: If the latents have another shape, are too few or are not finite.
    """
    if latents.ndim != 2 or len(latents) < least or not latents.isfinite().all():
        raise ValueError(
            f"latents: shape {list(latents.shape)}, expected finite [n, dimension] with n at least "
            f"{least}"
        )
