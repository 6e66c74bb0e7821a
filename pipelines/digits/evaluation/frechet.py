"""Fréchet distance between two sets of images in the feature space of a network."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

__all__ = ["frechet_distance", "frechet_distance_of_normals"]


def frechet_distance(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return the Fréchet distance between the normal distributions fitted to two sets of features.

    The estimate has a positive bias, which increases with fewer images. Compare only sets of equal
    size, and use the distance between two sets of real images as the reference.

    Args:
        first: Features of the first set, [n, features].
        second: Features of the second set, [m, features].

    Returns:
        Distance in squared units of the features, never negative.

    Raises:
        ValueError: If a set has fewer than two images, or the numbers of features differ.
    """
    if first.ndim != 2 or first.shape[1:] != second.shape[1:] or min(len(first), len(second)) < 2:
        raise ValueError(
            f"features: shapes {first.shape} and {second.shape}, expected [n, features] and "
            "[m, features] with n and m at least 2"
        )
    first, second = first.astype(np.float64), second.astype(np.float64)
    return frechet_distance_of_normals(
        first.mean(axis=0),
        np.atleast_2d(np.cov(first, rowvar=False)),
        second.mean(axis=0),
        np.atleast_2d(np.cov(second, rowvar=False)),
    )


def frechet_distance_of_normals(
    first_mean: NDArray[np.float64],
    first_covariance: NDArray[np.float64],
    second_mean: NDArray[np.float64],
    second_covariance: NDArray[np.float64],
) -> float:
    """Return the squared 2-Wasserstein distance between two normal distributions.

    The distance is |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2) (Dowson and Landau, 1982).
    Heusel et al. (2017) use it to evaluate generated images. Symmetric eigendecompositions keep the
    result real and finite for singular covariances, for example if a feature is always 0.

    Args:
        first_mean: Mean of the first distribution, [features].
        first_covariance: Covariance of the first distribution, [features, features].
        second_mean: Mean of the second distribution, [features].
        second_covariance: Covariance of the second distribution, [features, features].

    Returns:
        Distance in squared units of the features, never negative.

    Example:
        >>> frechet_distance_of_normals(np.zeros(1), np.eye(1), np.array([3.0]), 4 * np.eye(1))
        10.0
    """
    values, vectors = eigh(first_covariance)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    products = eigh(root @ second_covariance @ root, eigvals_only=True)
    trace = np.trace(first_covariance) + np.trace(second_covariance)
    difference = first_mean - second_mean
    distance = difference @ difference + trace - 2 * np.sqrt(products.clip(min=0)).sum()
    return max(float(distance), 0.0)
