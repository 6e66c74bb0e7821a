"""Densities over latents: where a decoder's images are drawn from, and how usual a latent is.

A density fitted to the latents of the training images after training fills the gaps that the prior
leaves between them (Ghosh et al., "From Variational to Deterministic Autoencoders", 2020).
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
    """A mixture of normal distributions; a single normal distribution is a mixture of one.

    It lives, and computes, on the CPU in double precision.

    Attributes:
        weights: Shares of the components, float64 [components], with sum 1.
        means: float64 [components, dimension].
        factors: Lower-triangular Cholesky factors of the components' covariances, float64
            [components, dimension, dimension].
    """

    weights: Tensor
    means: Tensor
    factors: Tensor

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw latents independently from the density, float32 [count, dimension]."""
        component = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        noise = torch.randn(count, self.means.shape[1], 1, dtype=torch.float64, generator=generator)
        return (self.means[component] + (self.factors[component] @ noise).squeeze(2)).float()

    def log_density(self, latents: Tensor) -> Tensor:
        """Return the natural logarithm of the density at latents [n, dimension], float64 [n]."""
        coefficients = self.coefficients()
        batches = latents.double().split(LATENTS_AT_ONCE)
        return torch.cat([(quadratic_terms(z) @ coefficients).logsumexp(dim=1) for z in batches])

    def coefficients(self) -> Tensor:
        """Return coefficients of the quadratic terms in log (weight x normal density).

        The logarithm of a normal density is linear in the terms, so that one product of matrices
        gives those of all latents and components.
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
    """Return 1, the coordinates, and their products as in `torch.tril_indices`, [n, terms].

    Example:
        >>> quadratic_terms(torch.tensor([[2.0, 3.0]]))
        tensor([[1., 2., 3., 4., 6., 9.]])
    """
    rows, columns = torch.tril_indices(latents.shape[1], latents.shape[1])
    products = latents[:, rows] * latents[:, columns]
    return torch.cat([torch.ones_like(latents[:, :1]), latents, products], dim=1)


def standard_normal(dimension: int) -> LatentDensity:
    """Return n(0, I), the prior of a variational autoencoder.

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
    """Fit a normal distribution to each coordinate by itself.

    Args:
        latents: Of the training images, [n, dimension].

    Raises:
        ValueError: If the latents have fewer than two rows, or a coordinate is constant.
    """
    check_latents(latents, 2)
    latents = latents.double()
    deviation = latents.std(dim=0)
    if not (deviation > 0).all():
        raise ValueError("latents: a coordinate is constant, so it has no normal density")
    return LatentDensity(
        weights=torch.ones(1, dtype=torch.float64),
        means=latents.mean(dim=0, keepdim=True),
        factors=torch.diag(deviation)[None],
    )


def save_density(density: LatentDensity, path: Path) -> None:
    """Write a density as a safetensors file; the same density gives the same bytes."""
    tensors = {name: tensor.contiguous() for name, tensor in asdict(density).items()}
    path.write_bytes(save(tensors))


def load_density(path: Path) -> LatentDensity:
    """Load the density that `save_density` wrote.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is damaged, or holds no density.
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
    """Check that latents are [n, dimension], finite and not too few.

    Raises:
        ValueError: If they are not.
    """
    if latents.ndim != 2 or len(latents) < least or not latents.isfinite().all():
        raise ValueError(
            f"latents: shape {list(latents.shape)}, finite [n, dimension] with n at least {least} "
            "expected"
        )
