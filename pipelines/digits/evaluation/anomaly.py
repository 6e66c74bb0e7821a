"""Evaluation of anomaly scores: how well they separate anomalous images from normal ones.

Every score is higher for a more anomalous image. The plain scores (reconstruction loss, negative
evidence lower bound, negative log p(x)) share a known failure: they rate an image with few strokes,
or one that the decoder reconstructs well, as normal whatever it shows (Nalisnick et al., "Do deep
generative models know what they don't know?", 2019). The score that `models.anomaly_score` fits
takes the density of the latents into account as well.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipelines.digits.data.digit_set import DigitSet
from pipelines.digits.data.stacking import channel_digits
from pipelines.digits.evaluation.likelihood import ELBO_SAMPLES, evidence_lower_bound
from pipelines.digits.models.anomaly_score import highest_channel
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder
from pipelines.digits.models.variational import VariationalAutoencoder

__all__ = [
    "DetectionScores",
    "anomaly_columns",
    "anomaly_metrics",
    "anomaly_table",
    "detection_scores",
    "holds_digit",
    "log_marginal_likelihood",
]

IMAGES_AT_ONCE = 1000


@dataclass(frozen=True)
class DetectionScores:
    """How well a score separates anomalous images from normal ones.

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
        """Return the scores as plain numbers."""
        return {name: value for name, value in asdict(self).items() if name != "top"}


def detection_scores(
    scores: NDArray[np.floating], anomalous: NDArray[np.bool_], top: int = 20
) -> DetectionScores:
    """Evaluate how well scores of images separate the anomalous ones from the normal.

    Args:
        scores: Higher = more anomalous, [n]; of equal ones the first come first in the top.
        anomalous: Whether each image is an anomaly, [n].
        top: Number of images looked at for the hits.

    Raises:
        ValueError: If the shapes differ, a score is not finite, or all images are of one kind.

    Example:
        >>> anomalous = np.array([False, True, True, False])
        >>> detection_scores(np.array([0.1, 0.9, 0.8, 0.3]), anomalous, 2)
        DetectionScores(auroc=1.0, average_precision=1.0, hits=2, top=2)
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
    return DetectionScores(
        auroc=float(roc_auc_score(anomalous, scores)),
        average_precision=float(average_precision_score(anomalous, scores)),
        hits=int(anomalous[highest].sum()),
        top=top,
    )


def holds_digit(labels: NDArray[np.integer], digit: int, channels: int = 1) -> NDArray[np.bool_]:
    """Return whether any channel of images shows a digit, [n], by their labels; see `stacking`."""
    return (channel_digits(labels, channels) == digit).any(axis=1)


@torch.inference_mode()
def log_marginal_likelihood(pixels: Tensor, logits: Tensor) -> Tensor:
    """Return each image's log p(x): the mean of p(x|z) over images decoded from prior samples.

    log p(x|z) = x·l - softplus(l) for logits l, which for all images and samples together is one
    product of matrices. It is an anomaly score and no estimate of the likelihood: with 16 latents
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


def anomaly_columns(
    trained: TrainedAutoencoder,
    images: NDArray[np.uint8],
    *,
    marginal_samples: int,
    seed: int,
) -> dict[str, NDArray[np.floating]]:
    """Return every anomaly score that the network has, of images; higher = more anomalous.

    Args:
        trained: The model.
        images: [n, 28, 28], or stacks for a network of three channels.
        marginal_samples: Samples of the prior in the mean that p(x) is.
        seed: Of the latents drawn.

    Returns:
        "reconstruction" and "density_corrected"; of a variational autoencoder also "elbo" and
        "marginal_likelihood", both negated; [n] each.
    """
    scores = trained.anomaly_scores(images)
    columns: dict[str, NDArray[np.floating]] = {
        "reconstruction": scores.errors,
        "density_corrected": scores.density_corrected,
    }
    network = trained.network
    if isinstance(network, VariationalAutoencoder):
        generator = torch.Generator().manual_seed(seed)
        pixels = trained.network_pixels(images)
        bound = evidence_lower_bound(
            pixels, network.encode, network.decode, generator, samples=ELBO_SAMPLES
        )
        latents = trained.prior.sample(marginal_samples, generator)
        columns["elbo"] = -bound.numpy()
        columns["marginal_likelihood"] = -log_marginal_likelihood(
            pixels, trained.logits(latents)
        ).numpy()
        units = len(pixels) // len(images)
        for name in ("elbo", "marginal_likelihood"):
            columns[name] = highest_channel(columns[name], units)
    return columns


def anomaly_metrics(
    columns: Mapping[str, NDArray[np.floating]], test: DigitSet, channels: int, digit: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Evaluate how well each score finds the images of a digit, single ones and stacks.

    The score of a stack is the highest of its channels' scores, and a stack is an anomaly if any
    channel shows the digit.

    Args:
        columns: Scores of the units of the test set, by name; higher = more anomalous.
        test: The images.
        channels: Of the network's units.
        digit: The one that training images did not show.

    Returns:
        Metrics of each score, of "single" if the network takes single images, and of "stacked".
    """
    metrics: dict[str, dict[str, dict[str, float]]] = {"stacked": {}}
    if channels == 1:
        metrics["single"] = {}
    for name, scores in columns.items():
        of_stacks = scores
        if channels == 1:
            of_singles = detection_scores(scores, holds_digit(test.labels, digit))
            metrics["single"][name] = of_singles.to_metrics()
            of_stacks = test.stacked_scores(scores)
        anomalous = holds_digit(test.stacked_labels, digit, channels=3)
        metrics["stacked"][name] = detection_scores(of_stacks, anomalous).to_metrics()
    return metrics


def anomaly_table(
    columns: Mapping[str, NDArray[np.floating]], test: DigitSet, channels: int
) -> pd.DataFrame:
    """Return the scores of each test image, or of each stack for a network of three channels.

    Args:
        columns: Scores by name, as `anomaly_columns` returns them.
        test: The images.
        channels: Of the network's units.

    Returns:
        index, label, and a column for each score, to four digits.
    """
    labels = test.labels if channels == 1 else test.stacked_labels
    rounded = {name: values.astype(np.float64).round(4) for name, values in columns.items()}
    return pd.DataFrame({"label": labels, **rounded}).rename_axis("index").reset_index()
