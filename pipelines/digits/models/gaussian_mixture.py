"""Fast fit of a Gaussian mixture with hundreds of components."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from pipelines.digits.models.latents import LatentDensity, check_latents, quadratic_terms
from pipelines.progress import progress

__all__ = ["gaussian_mixture"]

MIN_VARIANCE = 1e-4  # added to each component, relative to the variance of all latents


def gaussian_mixture(
    latents: Tensor,
    components: int,
    *,
    seed: int,
    max_iterations: int = 100,
    tolerance: float = 1e-3,
) -> LatentDensity:
    """Fit a mixture of normal distributions with full covariances by expectation-maximisation.

    Each step of an iteration is one matrix product: a log normal density is linear in the quadratic
    terms of the latents, and a covariance depends only on their sums. scikit-learn's
    `GaussianMixture` processes one component at a time and takes many times as long.

    For a variational autoencoder, fit the mixture to samples from the posteriors, not to their
    means. The components then are at least as wide as the posteriors.

    Args:
        latents: Latents of the training images, [n, dimension].
        components: Number of normal distributions, at least 1.
        seed: Seed of the initial k-means++ centres.
        max_iterations: Largest number of iterations, at least 1.
        tolerance: Gain of the mean log density, in nats, below which the fit stops.

    Returns:
        The fitted mixture.

    Raises:
        ValueError: If an argument is out of range, or a coordinate depends linearly on others.
    """
    for name, value in [("components", components), ("max_iterations", max_iterations)]:
        if value < 1:
            raise ValueError(f"{name}: {value}, expected at least 1")
    check_latents(latents, max(components, latents.shape[-1] + 1))
    # sums of squares of whitened latents do not lose precision
    latents = latents.double()
    centre = latents.mean(dim=0)
    factor, singular = torch.linalg.cholesky_ex(latents.T.cov())
    if singular:
        raise ValueError("latents: a coordinate depends linearly on others, so it has no density")
    whitened = torch.linalg.solve_triangular(factor, (latents - centre).T, upper=False).T

    terms = quadratic_terms(whitened)
    responsibilities = _nearest_centres(whitened, components, seed)
    previous = -math.inf
    for _ in progress(range(max_iterations), "fitting a mixture to the latents"):
        mixture = _maximisation(responsibilities.T @ terms, whitened.shape[1])
        joint = terms @ mixture.coefficients()
        log_densities = joint.logsumexp(dim=1, keepdim=True)
        responsibilities = joint.sub_(log_densities).exp_()
        if (current := float(log_densities.mean())) - previous < tolerance:
            break
        previous = current
    return LatentDensity(
        weights=mixture.weights,
        means=centre + mixture.means @ factor.T,
        factors=factor @ mixture.factors,
    )


def _nearest_centres(latents: Tensor, components: int, seed: int) -> Tensor:
    """Return the nearest k-means++ centre of each latent, one-hot encoded as [n, components]."""
    from sklearn.cluster import kmeans_plusplus

    centres, _ = kmeans_plusplus(latents.numpy(), components, random_state=seed)
    nearest = torch.cdist(latents, torch.from_numpy(centres)).argmin(dim=1)
    return functional.one_hot(nearest, components).double()


def _maximisation(sums: Tensor, dimension: int) -> LatentDensity:
    """Return the mixture that maximises the likelihood for the given responsibilities.

    Args:
        sums: Weighted sums of the quadratic terms, [components, terms].
        dimension: Dimension of the latents.
    """
    rows, columns = torch.tril_indices(dimension, dimension)
    sizes = sums[:, 0] + 10 * torch.finfo(sums.dtype).eps
    means = sums[:, 1 : dimension + 1] / sizes[:, None]
    covariances = torch.empty(len(sums), dimension, dimension, dtype=sums.dtype)
    covariances[:, rows, columns] = sums[:, dimension + 1 :] / sizes[:, None]
    covariances[:, rows, columns] -= means[:, rows] * means[:, columns]
    covariances.diagonal(dim1=1, dim2=2).add_(MIN_VARIANCE)
    # cholesky reads the lower triangle only, the rest is undefined
    factors = torch.linalg.cholesky(covariances)
    return LatentDensity(sizes / sizes.sum(), means, factors)
