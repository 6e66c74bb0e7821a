"""A mixture of normal distributions fitted to latents, fast enough for hundreds of components."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from pipelines.digits.models.latents import LatentDensity, check_latents, quadratic_terms
from pipelines.progress import progress

__all__ = ["gaussian_mixture"]

LEAST_VARIANCE = 1e-4  # of a component, as a share of the variance of all latents


def gaussian_mixture(
    latents: Tensor,
    components: int,
    *,
    seed: int,
    max_iterations: int = 100,
    tolerance: float = 1e-3,
) -> LatentDensity:
    """Fit a mixture of normal distributions with full covariances by expectation-maximisation.

    Either step of an iteration is one product of matrices: the logarithm of a normal density is
    linear in the quadratic terms of the latents, and sums of these are all that a covariance needs.
    scikit-learn's `GaussianMixture`, a component at a time, takes many times as long.

    Of a variational autoencoder, latents drawn from the posteriors make a better density than the
    posteriors' means: it leaves no component thinner than what the decoder can tell apart.

    Args:
        latents: Of the training images, [n, dimension].
        components: Number of normal distributions, at least 1.
        seed: Decides the k-means++ centres that the fit starts from.
        max_iterations: Of expectation-maximisation, at least 1.
        tolerance: Gain of mean log density, in nats, below which the fit ends before.

    Raises:
        ValueError: If an argument is out of range, or a coordinate depends linearly on others.
    """
    for name, value in [("components", components), ("max_iterations", max_iterations)]:
        if value < 1:
            raise ValueError(f"{name}: {value}, at least 1 expected")
    check_latents(latents, max(components, latents.shape[-1] + 1))
    # fitted to whitened latents, of which squares can be summed without loss of digits
    latents = latents.double()
    centre = latents.mean(dim=0)
    spread, singular = torch.linalg.cholesky_ex(latents.T.cov())
    if singular:
        raise ValueError("latents: a coordinate depends linearly on others, so has no density")
    whitened = torch.linalg.solve_triangular(spread, (latents - centre).T, upper=False).T

    terms = quadratic_terms(whitened)
    responsibilities = _nearest_centres(whitened, components, seed)
    previous = -math.inf
    for _ in progress(range(max_iterations), "fitting a mixture to the latents"):
        mixture = _maximisation(responsibilities.T @ terms, whitened.shape[1])
        joint = terms @ mixture.coefficients()
        total = joint.logsumexp(dim=1, keepdim=True)
        responsibilities = joint.sub_(total).exp_()
        if (reached := float(total.mean())) - previous < tolerance:
            break
        previous = reached
    return LatentDensity(
        weights=mixture.weights,
        means=centre + mixture.means @ spread.T,
        factors=spread @ mixture.factors,
    )


def _nearest_centres(latents: Tensor, components: int, seed: int) -> Tensor:
    """Return the nearest k-means++ centre of each latent, as ones and zeros [n, components]."""
    from sklearn.cluster import kmeans_plusplus

    centres, _ = kmeans_plusplus(latents.numpy(), components, random_state=seed)
    nearest = torch.cdist(latents, torch.from_numpy(centres)).argmin(dim=1)
    return functional.one_hot(nearest, components).double()


def _maximisation(sums: Tensor, dimension: int) -> LatentDensity:
    """Return the mixture of the largest likelihood, given the weights of all latents.

    Args:
        sums: Of the quadratic terms, weighted for each component, [components, terms].
        dimension: Of the latents.
    """
    rows, columns = torch.tril_indices(dimension, dimension)
    members = sums[:, 0] + 10 * torch.finfo(sums.dtype).eps
    means = sums[:, 1 : dimension + 1] / members[:, None]
    covariances = torch.empty(len(sums), dimension, dimension, dtype=sums.dtype)
    covariances[:, rows, columns] = sums[:, dimension + 1 :] / members[:, None]
    covariances[:, rows, columns] -= means[:, rows] * means[:, columns]
    covariances.diagonal(dim1=1, dim2=2).add_(LEAST_VARIANCE)
    # only the lower triangle, which is filled, is read
    factors = torch.linalg.cholesky(covariances)
    return LatentDensity(members / members.sum(), means, factors)
