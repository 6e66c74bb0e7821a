"""Densities over latents: where a decoder's images are drawn from, and how usual a latent is.

A density fitted to the latents of the training images after training mends what the prior leaves
open between them (Ghosh et al., "From Variational to Deterministic Autoencoders", 2020).
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

__all__ = [
    "LatentDensity",
    "check_latents",
    "independent_normals",
    "latent_plane",
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
        """Latents drawn independently from the density, float32 [count, dimension]."""
        component = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        noise = torch.randn(count, self.means.shape[1], 1, dtype=torch.float64, generator=generator)
        return (self.means[component] + (self.factors[component] @ noise).squeeze(2)).float()

    def log_density(self, latents: Tensor) -> Tensor:
        """The natural logarithm of the density at each latent, float64 [n], of [n, dimension]."""
        coefficients = self.coefficients()
        batches = latents.double().split(LATENTS_AT_ONCE)
        return torch.cat([(quadratic_terms(z) @ coefficients).logsumexp(dim=1) for z in batches])

    def coefficients(self) -> Tensor:
        """What each quadratic term counts in log (weight x normal density), [terms, components].

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
    """1, the coordinates, and their products in the order of `torch.tril_indices`, [n, terms].

    Example:
        >>> quadratic_terms(torch.tensor([[2.0, 3.0]]))
        tensor([[1., 2., 3., 4., 6., 9.]])
    """
    rows, columns = torch.tril_indices(latents.shape[1], latents.shape[1])
    products = latents[:, rows] * latents[:, columns]
    return torch.cat([torch.ones_like(latents[:, :1]), latents, products], dim=1)


def standard_normal(dimension: int) -> LatentDensity:
    """N(0, I), the prior of a variational autoencoder.

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
    """A normal distribution for each coordinate on its own, with the latents' mean and deviation.

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


def latent_plane(latents: Tensor, *, seed: int) -> NDArray[np.float32]:
    """Latents laid out in two dimensions so that neighbours stay neighbours, by t-SNE.

    Van der Maaten and Hinton (2008). It starts from the principal components, and takes some
    seconds for 2,000 latents; distances between clusters mean little. Half of scikit-learn's
    iterations and a coarser approximation keep neighbours as well (trustworthiness 0.951 and
    0.950) in a third of the time.

    Args:
        latents: [n, dimension], n more than 30.
        seed: Of what little is random.

    Returns:
        [n, 2].
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # its thousands of short parallel loops stand still wherever another process has a core
    with threadpool_limits(1):
        plane = TSNE(init="pca", max_iter=500, angle=0.8, random_state=seed)
        return plane.fit_transform(latents.numpy())


def save_density(density: LatentDensity, path: Path) -> None:
    """Writes a density as a safetensors file; the same density gives the same bytes."""
    tensors = {name: tensor.contiguous() for name, tensor in asdict(density).items()}
    path.write_bytes(save(tensors))


def load_density(path: Path) -> LatentDensity:
    """The density that `save_density` wrote.

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
    """Checks that latents are [n, dimension], finite and not too few.

    Raises:
        ValueError: If they are not.
    """
    if latents.ndim != 2 or len(latents) < least or not latents.isfinite().all():
        raise ValueError(
            f"latents: shape {list(latents.shape)}, finite [n, dimension] with n at least {least} "
            "expected"
        )
