"""What an autoencoder itself says of images: how strange they are, and how probable."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.digits.anomaly import (
    anomaly_scores,
    holds_digit,
    log_marginal_likelihood,
    strangest_channel,
)
from pipelines.digits.importance_sampling import importance_weighted_likelihood
from pipelines.digits.likelihood import evidence_lower_bound
from pipelines.digits.stacking import pixel_values
from pipelines.digits.trained_autoencoder import TrainedAutoencoder
from pipelines.digits.variational import VariationalAutoencoder
from pipelines.digits.verifier_metrics import DigitSet, Metrics

__all__ = ["anomaly_columns", "anomaly_metrics", "likelihood_metrics"]

ELBO_SAMPLES = 4  # more change hardly any image's bound by a tenth of a nat
DECODED_AT_ONCE = 500


def anomaly_columns(
    trained: TrainedAutoencoder,
    images: NDArray[np.uint8],
    *,
    marginal_samples: int,
    seed: int,
) -> dict[str, NDArray[np.floating]]:
    """How strange images are by every score that the network has; higher = more anomalous.

    Args:
        trained: What judges them.
        images: [n, 28, 28], or stacks for a network of three channels.
        marginal_samples: Samples of the prior in the mean that p(x) is.
        seed: Of the latents drawn.

    Returns:
        "reconstruction" and "corrected"; of a variational autoencoder also "elbo" and
        "marginal_likelihood", both negated; [n] each.
    """
    strangeness = trained.strangeness(images)
    columns: dict[str, NDArray[np.floating]] = {
        "reconstruction": strangeness.errors,
        "corrected": strangeness.corrected,
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
            columns[name] = strangest_channel(columns[name], units)
    return columns


def likelihood_metrics(
    trained: TrainedAutoencoder,
    images: NDArray[np.uint8],
    *,
    count: int,
    samples: int,
    seed: int,
) -> Metrics:
    """The evidence lower bound of test images, and an estimate of their likelihood, in nats.

    Grey levels are binarised, at random unless the network was trained at a threshold. What the
    bound lacks is estimated on some of the images, and added to the bound of them all: images
    differ far more in likelihood than in what the bound lacks, so a few hundred suffice (a
    difference estimator: Särndal, Swensson and Wretman, "Model Assisted Survey Sampling", 1992).

    Args:
        trained: A variational autoencoder.
        images: As its network takes them.
        count: Images, evenly chosen, whose likelihood is estimated one by one.
        samples: Latents drawn for the estimate of an image.
        seed: Of the binarisation and of the latents drawn.

    Returns:
        "elbo" and "nll" of all images; "nll_standard_error", of the choice of images; the others as
        `LikelihoodEstimate.to_metrics` has them.

    Raises:
        ValueError: If it is no variational autoencoder.
    """
    network = trained.network
    if not isinstance(network, VariationalAutoencoder):
        raise ValueError("trained: an autoencoder without likelihood, a variational one expected")
    generator = torch.Generator().manual_seed(seed)
    pixels = pixel_values(
        (trained.network_pixels(images) * 255).round().to(torch.uint8), "bernoulli", generator
    )
    bound = evidence_lower_bound(
        pixels, network.encode, network.decode, generator, samples=ELBO_SAMPLES
    )
    chosen = torch.linspace(0, len(pixels) - 1, min(count, len(pixels))).long()
    estimate = importance_weighted_likelihood(
        pixels[chosen],
        network.encode,
        network.decode,
        generator,
        samples=samples,
        at_once=min(samples, DECODED_AT_ONCE),
    )
    lacking = estimate.log_likelihood - bound[chosen].numpy()
    return estimate.to_metrics() | {
        "elbo": float(bound.mean()),
        "nll": -float(bound.mean() + lacking.mean()),
        "nll_standard_error": float(lacking.std(ddof=min(1, len(chosen) - 1)) / len(chosen) ** 0.5),
        "nll_images": len(chosen),
    }


def anomaly_metrics(
    columns: Mapping[str, NDArray[np.floating]], test: DigitSet, channels: int, digit: int
) -> dict[str, dict[str, Metrics]]:
    """How well each score finds the images of a digit, single and in stacks, where it has them.

    A stack is as strange as its strangest channel, and an anomaly if any channel shows the digit.

    Args:
        columns: Scores of the units of the test set, by name; higher = more anomalous.
        test: The images.
        channels: Of the network's units.
        digit: The one that training images did not show.
    """
    found: dict[str, dict[str, Metrics]] = {"stacked": {}}
    if channels == 1:
        found["mono"] = {}
    for name, scores in columns.items():
        of_stacks = scores
        if channels == 1:
            of_singles = anomaly_scores(scores, holds_digit(test.labels, digit))
            found["mono"][name] = of_singles.to_metrics()
            of_stacks = test.stacked_scores(scores)
        anomalous = holds_digit(test.stacked_labels, digit, channels=3)
        found["stacked"][name] = anomaly_scores(of_stacks, anomalous).to_metrics()
    return found
