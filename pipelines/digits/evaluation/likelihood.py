"""Likelihood of binary images under a variational autoencoder, in nats.

Likelihoods are comparable with published values only for dynamically binarised images; see
`stacking.pixel_values`.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.digits.data.stacking import pixel_values
from pipelines.digits.evaluation.importance_sampling import (
    Decode,
    Encode,
    importance_weighted_likelihood,
)
from pipelines.digits.models.generation import DECODED_AT_ONCE
from pipelines.digits.models.likelihood import bernoulli_log_likelihood, kl_from_standard_normal
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder
from pipelines.digits.models.variational import VariationalAutoencoder

__all__ = ["ELBO_SAMPLES", "evidence_lower_bound", "likelihood_metrics"]

ELBO_SAMPLES = 4  # with more samples, few bounds change by 0.1 nats
SAMPLES_AT_ONCE = 500


def likelihood_metrics(
    trained: TrainedAutoencoder,
    images: NDArray[np.uint8],
    *,
    count: int,
    samples: int,
    seed: int,
) -> dict[str, float]:
    """Estimate the evidence lower bound and the likelihood of test images, in nats.

    Grey levels are binarised dynamically, or at the threshold if the network was trained so. The
    gap between bound and likelihood is estimated for some of the images, and its mean is added to
    the mean bound of all images. Gaps vary far less than likelihoods, so a few hundred images
    suffice. This is a difference estimator (Särndal, Swensson and Wretman, "Model Assisted Survey
    Sampling", 1992).

    Args:
        trained: Variational autoencoder.
        images: Single images or stacks, as the network requires.
        count: Number of evenly spaced images for the estimate of the gap.
        samples: Number of latents sampled per image.
        seed: Seed of the binarisation and of the latents.

    Returns:
        "elbo" and "nll" of all images, "nll_standard_error" from the choice of images, "nll_images"
        and the other metrics of `LikelihoodEstimate.to_metrics`.

    Raises:
        ValueError: If the autoencoder is not variational.
    """
    network = trained.network
    if not isinstance(network, VariationalAutoencoder):
        raise ValueError("trained: an autoencoder without likelihood, expected a variational one")
    generator = torch.Generator().manual_seed(seed)
    pixels = pixel_values(
        (trained.network_pixels(images) * 255).round().to(torch.uint8), "dynamic", generator
    )
    bound = evidence_lower_bound(
        pixels, network.encode, network.decode, generator, samples=ELBO_SAMPLES
    )
    indices = torch.linspace(0, len(pixels) - 1, min(count, len(pixels))).long()
    estimate = importance_weighted_likelihood(
        pixels[indices],
        network.encode,
        network.decode,
        generator,
        samples=samples,
        at_once=min(samples, SAMPLES_AT_ONCE),
    )
    gaps = estimate.log_likelihood - bound[indices].numpy()
    return estimate.to_metrics() | {
        "elbo": float(bound.mean()),
        "nll": -float(bound.mean() + gaps.mean()),
        "nll_standard_error": float(gaps.std(ddof=min(1, len(indices) - 1)) / len(indices) ** 0.5),
        "nll_images": len(indices),
    }


@torch.inference_mode()
def evidence_lower_bound(
    pixels: Tensor,
    encode: Encode,
    decode: Decode,
    generator: torch.Generator,
    *,
    samples: int = 1,
    at_once: int = 1000,
) -> Tensor:
    """Estimate the bound of each image: E_q log p(x|z) - KL(q(z|x) || N(0, I)), in nats.

    Args:
        pixels: Pixels from 0 to 1, float [n, 1, 28, 28].
        encode: Encoder of the variational autoencoder; see `importance_sampling`.
        decode: Decoder of the variational autoencoder.
        generator: Random number generator.
        samples: Number of latents sampled per image.
        at_once: Batch size.

    Returns:
        Bounds, float32 [n].
    """
    bounds = []
    for batch in pixels.split(at_once):
        mean, log_variance = encode(batch)
        expected = torch.zeros(len(batch), device=batch.device)
        for _ in range(samples):
            noise = torch.randn(mean.shape, generator=generator, device=mean.device)
            latents = mean + (log_variance / 2).exp() * noise
            logits = torch.cat([decode(chunk) for chunk in latents.split(DECODED_AT_ONCE)])
            expected += bernoulli_log_likelihood(batch, logits) / samples
        bounds.append(expected - kl_from_standard_normal(mean, log_variance))
    return torch.cat(bounds)
