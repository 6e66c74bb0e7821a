"""Evaluation of anomaly scores: how well they separate anomalous images from normal ones.

All scores are higher for more anomalous images. Reconstruction error, negative evidence lower bound
and negative log p(x) share a failure. They are low for any image with few strokes, and for any
image that the decoder reconstructs well. See Nalisnick et al., "Do deep generative models know what
they don't know?", 2019. `models.anomaly_score` also uses the density of the latents.
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
    """Detection performance of an anomaly score.

    Attributes:
        auroc: Probability that an anomalous image has a higher score than a normal one.
        average_precision: Mean of the precision at each anomalous image, in descending order of the
            scores.
        hits: Number of anomalous images among the `top` highest scores.
        top: Number of images that `hits` considers.
    """

    auroc: float
    average_precision: float
    hits: int
    top: int

    def to_metrics(self) -> dict[str, float]:
        """Return the metrics as plain numbers."""
        return {name: value for name, value in asdict(self).items() if name != "top"}


def detection_scores(
    scores: NDArray[np.floating], anomalous: NDArray[np.bool_], top: int = 20
) -> DetectionScores:
    """Evaluate how well scores separate anomalous images from normal ones.

    Args:
        scores: Scores, higher for more anomalous images, [n]. Equal scores rank in their order.
        anomalous: Whether each image is an anomaly, [n].
        top: Number of images that `hits` considers.

    Returns:
        Detection performance of the scores.

    Raises:
        ValueError: If the shapes differ, a score is not finite, or all images or none are
            anomalous.

    Example:
        >>> anomalous = np.array([False, True, True, False])
        >>> detection_scores(np.array([0.1, 0.9, 0.8, 0.3]), anomalous, 2)
        DetectionScores(auroc=1.0, average_precision=1.0, hits=2, top=2)
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    if scores.ndim != 1 or scores.shape != anomalous.shape or not np.isfinite(scores).all():
        raise ValueError(
            f"scores: shape {scores.shape}, expected a finite number for each of {len(anomalous)} "
            "images"
        )
    if anomalous.all() or not anomalous.any():
        raise ValueError(
            f"anomalous: {int(anomalous.sum())} of {len(anomalous)} images, expected some but not "
            "all"
        )
    highest = np.argsort(-scores, kind="stable")[:top]
    return DetectionScores(
        auroc=float(roc_auc_score(anomalous, scores)),
        average_precision=float(average_precision_score(anomalous, scores)),
        hits=int(anomalous[highest].sum()),
        top=top,
    )


def holds_digit(labels: NDArray[np.integer], digit: int, channels: int = 1) -> NDArray[np.bool_]:
    """Return whether any channel of an image shows a digit, [n].

    Args:
        labels: Labels of the images, [n]; see `stacking.stacked_labels`.
        digit: Digit to look for.
        channels: Number of channels of an image.
    """
    return (channel_digits(labels, channels) == digit).any(axis=1)


@torch.inference_mode()
def log_marginal_likelihood(pixels: Tensor, logits: Tensor) -> Tensor:
    """Return log p(x) of each image from the mean of p(x|z) over samples of the prior.

    For logits l, log p(x|z) = x·l - softplus(l). One matrix product evaluates it for all images and
    samples. The result is an anomaly score and not an estimate of the likelihood: with 16 latents,
    few of 10,000 samples are near the image.

    Args:
        pixels: Pixels from 0 to 1, float [n, ...].
        logits: Logits decoded from samples of the prior, [samples, ...], on the same device.

    Returns:
        Scores in nats, float32 [n].
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
    """Return all anomaly scores of images by name.

    Args:
        trained: Trained autoencoder.
        images: Single images, [n, 28, 28], or stacks for a network with three channels.
        marginal_samples: Number of samples from the prior for p(x).
        seed: Seed of the latents.

    Returns:
        "reconstruction" and "density_corrected", [n] each. For a variational autoencoder, also the
        negated "elbo" and "marginal_likelihood".
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
    """Evaluate how well each score detects single images and stacks with a digit.

    The score of a stack is the highest score of its channels. A stack is anomalous if any channel
    shows the digit.

    Args:
        columns: Scores of the test images or stacks by name, from `anomaly_columns`.
        test: Test images and stacks.
        channels: Number of channels of the network.
        digit: Digit that is missing from the training images.

    Returns:
        Metrics of each score for "stacked". With one channel, also metrics for "single".
    """
    metrics: dict[str, dict[str, dict[str, float]]] = {"stacked": {}}
    if channels == 1:
        metrics["single"] = {}
    for name, scores in columns.items():
        stacked_scores = scores
        if channels == 1:
            detection = detection_scores(scores, holds_digit(test.labels, digit))
            metrics["single"][name] = detection.to_metrics()
            stacked_scores = test.stacked_scores(scores)
        anomalous = holds_digit(test.stacked_labels, digit, channels=3)
        metrics["stacked"][name] = detection_scores(stacked_scores, anomalous).to_metrics()
    return metrics


def anomaly_table(
    columns: Mapping[str, NDArray[np.floating]], test: DigitSet, channels: int
) -> pd.DataFrame:
    """Return the scores of each test image, or of each stack for a network with three channels.

    Args:
        columns: Scores by name, from `anomaly_columns`.
        test: Test images and stacks.
        channels: Number of channels of the network.

    Returns:
        Table with the columns "index" and "label", and one column per score with four decimals.
    """
    labels = test.labels if channels == 1 else test.stacked_labels
    rounded = {name: values.astype(np.float64).round(4) for name, values in columns.items()}
    return pd.DataFrame({"label": labels, **rounded}).rename_axis("index").reset_index()
