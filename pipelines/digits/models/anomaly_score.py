"""Anomaly score by reconstruction error and latent density, fitted to the training images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["DensityCorrectedScore", "highest_channel", "squared_error"]

DENSITY_WEIGHT = 0.5
"""Weight of the standardised log density, relative to the standardised log error.

Weights from 1/3 to 1 give similar results, both with the 3 and with the 8 as the held-out digit.
"""


@dataclass(frozen=True)
class DensityCorrectedScore:
    """Anomaly score that combines the reconstruction error with the density of the latents.

    The two fail on different images. The decoder reconstructs some anomalies well, but their
    latents are far from those of the training images. Anomalies with typical latents are
    reconstructed as other digits.

    The score is the standardised log error minus `DENSITY_WEIGHT` times the standardised log
    density. Mean and standard deviation are those of the training images. The fitted density
    replaces the prior N(0, I) of the evidence lower bound, which hardly separates the two. The
    logarithm and the standardisation limit the long tail of the errors, which depends on the
    strokes more than on anomalies. The fit uses neither anomalies nor labels.

    Attributes:
        log_error_mean: Mean log error of training images.
        log_error_std: Standard deviation of the log error of training images.
        log_density_mean: Mean log density of training images, in nats.
        log_density_std: Standard deviation of the log density of training images, in nats.
    """

    log_error_mean: float
    log_error_std: float
    log_density_mean: float
    log_density_std: float

    @classmethod
    def fit(
        cls, errors: NDArray[np.floating], log_densities: NDArray[np.floating]
    ) -> "DensityCorrectedScore":
        """Fit the score to training images.

        Args:
            errors: Positive reconstruction errors of training images, [n]; see `squared_error`.
            log_densities: Log densities of their latents in nats, [n]; see `gaussian_mixture`.

        Raises:
            ValueError: If an error is not positive, or all errors or densities are the same.
        """
        if not (errors > 0).all():
            raise ValueError("errors: expected positive values")
        log_errors = np.log(errors, dtype=np.float64)
        score = cls(
            log_error_mean=float(log_errors.mean()),
            log_error_std=float(log_errors.std()),
            log_density_mean=float(log_densities.mean(dtype=np.float64)),
            log_density_std=float(log_densities.std(dtype=np.float64)),
        )
        if not min(score.log_error_std, score.log_density_std) > 0:
            raise ValueError("errors, log_densities: expected values that differ between images")
        return score

    def score(
        self, errors: NDArray[np.floating], log_densities: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return anomaly scores, [n], from reconstruction errors and log densities, [n] each."""
        log_errors = np.log(errors, dtype=np.float64)
        scaled_error = (log_errors - self.log_error_mean) / self.log_error_std
        scaled_density = (log_densities - self.log_density_mean) / self.log_density_std
        return scaled_error - DENSITY_WEIGHT * scaled_density


def highest_channel(scores: NDArray[np.floating], channels: int) -> NDArray[np.floating]:
    """Return the highest score among the channels of each stack, [n].

    One anomalous digit makes a stack anomalous.

    Args:
        scores: Scores of the channels in the order of `stacking.split_channels`, [n * channels].
        channels: Number of images in a stack.
    """
    return scores.reshape(-1, channels).max(axis=1)


def squared_error(pixels: Tensor, logits: Tensor) -> Tensor:
    """Return the squared error between pixels and probabilities of white, summed by image, [n].

    Unlike the cross-entropy, it is 0 for exact grey pixels, and no single pixel dominates it.

    Args:
        pixels: Pixels from 0 to 1, [n, ...].
        logits: Logits of white of the same shape.
    """
    return (pixels - logits.sigmoid()).square().flatten(1).sum(1)
