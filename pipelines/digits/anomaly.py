"""How strange a generative model finds images; every score is higher for the stranger image.

The plain scores (reconstruction loss, negative evidence lower bound, negative log p(x)) share a
known failure: an image of few strokes, or one that the decoder happens to draw well, counts as
normal whatever it shows (Nalisnick et al., "Do deep generative models know what they don't know?",
2019). `CorrectedScore` looks at the latents as well.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipelines.digits.stacking import channel_digits

__all__ = [
    "AnomalyScores",
    "CorrectedScore",
    "anomaly_scores",
    "holds_digit",
    "log_marginal_likelihood",
    "squared_error",
    "strangest_channel",
]

IMAGES_AT_ONCE = 1000
DENSITY_WEIGHT = 0.5
"""How much a latent's density counts beside the reconstruction error, both in deviations.

From a third to one it matters little, whether the 3 is held out or the 8.
"""


@dataclass(frozen=True)
class CorrectedScore:
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
    ) -> "CorrectedScore":
        """The score by what is usual of training images.

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
        """Higher = more anomalous, [n], of images' errors and log densities, [n] each."""
        log_errors = np.log(errors, dtype=np.float64)
        error = (log_errors - self.log_error_mean) / self.log_error_deviation
        density = (log_densities - self.log_density_mean) / self.log_density_deviation
        return error - DENSITY_WEIGHT * density


@dataclass(frozen=True)
class AnomalyScores:
    """How well a score tells anomalous images from normal ones.

    Attributes:
        auroc: Probability that an anomalous image has a higher score than a normal one.
        average_precision: Mean of the precision over the anomalous images, the highest score first.
        hits: Anomalous images among the `top` of the highest scores.
        top: Number of images looked at for `hits`.
    """

    auroc: float
    average_precision: float
    hits: int
    top: int

    def to_metrics(self) -> dict[str, float]:
        """The scores as plain numbers."""
        return {name: value for name, value in asdict(self).items() if name != "top"}


def anomaly_scores(
    scores: NDArray[np.floating], anomalous: NDArray[np.bool_], top: int = 20
) -> AnomalyScores:
    """How well scores of images tell the anomalous ones from the normal.

    Args:
        scores: Higher = more anomalous, [n]; of equal ones the first come first in the top.
        anomalous: Whether each image is an anomaly, [n].
        top: Number of images looked at for the hits.

    Raises:
        ValueError: If the shapes differ, a score is not finite, or all images are of one kind.

    Example:
        >>> anomaly_scores(np.array([0.1, 0.9, 0.8, 0.3]), np.array([False, True, True, False]), 2)
        AnomalyScores(auroc=1.0, average_precision=1.0, hits=2, top=2)
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    if scores.ndim != 1 or scores.shape != anomalous.shape or not np.isfinite(scores).all():
        raise ValueError(
            f"scores: shape {scores.shape}, a finite number for each of {len(anomalous)} images "
            "expected"
        )
    if anomalous.all() or not anomalous.any():
        raise ValueError(
            f"anomalous: {int(anomalous.sum())} of {len(anomalous)} images, some but not all "
            "expected"
        )
    highest = np.argsort(-scores, kind="stable")[:top]
    return AnomalyScores(
        auroc=float(roc_auc_score(anomalous, scores)),
        average_precision=float(average_precision_score(anomalous, scores)),
        hits=int(anomalous[highest].sum()),
        top=top,
    )


def holds_digit(labels: NDArray[np.integer], digit: int, channels: int = 1) -> NDArray[np.bool_]:
    """Whether any channel of images shows a digit, [n], by their labels; see `stacking`."""
    return (channel_digits(labels, channels) == digit).any(axis=1)


def strangest_channel(scores: NDArray[np.floating], channels: int) -> NDArray[np.floating]:
    """Scores of stacks, [n]: the highest of their channels' scores, one strange digit being enough.

    Args:
        scores: Of single images in the order of `stacking.split_channels`, [n * channels].
        channels: Images in a stack.
    """
    return scores.reshape(-1, channels).max(axis=1)


def squared_error(pixels: Tensor, logits: Tensor) -> Tensor:
    """Squared differences between images and the probabilities of white, summed over pixels, [n].

    Against the cross-entropy it forgives grey pixels and does not punish one sure mistake out of
    proportion.

    Args:
        pixels: 0 to 1, [n, ...].
        logits: Of white, of the same shape.
    """
    return (pixels - logits.sigmoid()).square().flatten(1).sum(1)


@torch.inference_mode()
def log_marginal_likelihood(pixels: Tensor, logits: Tensor) -> Tensor:
    """Each image's log p(x), by the mean of p(x|z) over images decoded from samples of the prior.

    log p(x|z) = x·l - softplus(l) for logits l, which for all images and samples together is one
    product of matrices. A score of anomalies, not an estimate of the likelihood: with 16 latents
    hardly any of 10,000 samples is near the image.

    Args:
        pixels: 0 to 1, float [n, ...].
        logits: Decoded from samples of the prior, [samples, ...], on the same device.

    Returns:
        In nats, float32 [n].
    """
    samples = logits.flatten(1)
    log_blank = -functional.softplus(samples).sum(1)
    return torch.cat(
        [
            torch.addmm(log_blank, batch, samples.T).logsumexp(1) - math.log(len(samples))
            for batch in pixels.flatten(1).split(IMAGES_AT_ONCE)
        ]
    )
