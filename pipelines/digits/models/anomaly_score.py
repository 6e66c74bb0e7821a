"""The anomaly score of an autoencoder, fitted to its training images and saved with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["DensityCorrectedScore", "highest_channel", "squared_error"]

DENSITY_WEIGHT = 0.5
"""How much a latent's density counts beside the reconstruction error, both in deviations.

From a third to one it matters little, whether the 3 is held out or the 8.
"""


@dataclass(frozen=True)
class DensityCorrectedScore:
    """An anomaly score of two halves that fail on different images.

    The decoder draws many a strange image well, but from a latent that no training image has; and a
    strange image whose latent is usual is drawn as something else. So the score is the logarithm of
    the reconstruction error less the logarithm of a density fitted to the training latents, each in
    standard deviations from what is usual of training images. The density takes the place of the
    prior, N(0, I), that in the evidence lower bound tells the two apart hardly at all; logarithm
    and standardisation keep the error's long tail, strokes rather than strangeness, from deciding
    alone. Nothing is learnt from anomalies or from any label.

    Attributes:
        log_error_mean: Of training images.
        log_error_deviation: Of training images.
        log_density_mean: Of training images, in nats.
        log_density_deviation: Of training images, in nats.
    """

    log_error_mean: float
    log_error_deviation: float
    log_density_mean: float
    log_density_deviation: float

    @classmethod
    def fit(
        cls, errors: NDArray[np.floating], log_densities: NDArray[np.floating]
    ) -> "DensityCorrectedScore":
        """Fit the score to training images.

        Args:
            errors: Reconstruction errors of training images, positive, [n]; see `squared_error`.
            log_densities: Of their latents, in nats, [n]; see `gaussian_mixture`.

        Raises:
            ValueError: If an error is not positive, or all errors or densities are the same.
        """
        if not (errors > 0).all():
            raise ValueError("errors: positive ones expected")
        log_errors = np.log(errors, dtype=np.float64)
        score = cls(
            log_error_mean=float(log_errors.mean()),
            log_error_deviation=float(log_errors.std()),
            log_density_mean=float(log_densities.mean(dtype=np.float64)),
            log_density_deviation=float(log_densities.std(dtype=np.float64)),
        )
        if not min(score.log_error_deviation, score.log_density_deviation) > 0:
            raise ValueError("errors, log_densities: different ones of different images expected")
        return score

    def score(
        self, errors: NDArray[np.floating], log_densities: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Return anomaly scores, [n], of reconstruction errors and log densities, [n] each."""
        log_errors = np.log(errors, dtype=np.float64)
        error = (log_errors - self.log_error_mean) / self.log_error_deviation
        density = (log_densities - self.log_density_mean) / self.log_density_deviation
        return error - DENSITY_WEIGHT * density


def highest_channel(scores: NDArray[np.floating], channels: int) -> NDArray[np.floating]:
    """Return the scores of stacks, [n]: the highest of their channels' scores.

    One anomalous digit makes a stack anomalous.

    Args:
        scores: Of single images in the order of `stacking.split_channels`, [n * channels].
        channels: Images in a stack.
    """
    return scores.reshape(-1, channels).max(axis=1)


def squared_error(pixels: Tensor, logits: Tensor) -> Tensor:
    """Return squared differences of images and probabilities of white, summed over pixels, [n].

    Unlike the cross-entropy it tolerates grey pixels, and one confident mistake does not dominate
    it.

    Args:
        pixels: 0 to 1, [n, ...].
        logits: Of white, of the same shape.
    """
    return (pixels - logits.sigmoid()).square().flatten(1).sum(1)
