"""The likelihood that a variational autoencoder assigns to images, in nats, with pixels 0 or 1.

Likelihoods compare with published ones only for dynamically binarised images; see
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

ELBO_SAMPLES = 4  # more change hardly any image's bound by a tenth of a nat
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
        (trained.network_pixels(images) * 255).round().to(torch.uint8), "dynamic", generator
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
        at_once=min(samples, SAMPLES_AT_ONCE),
    )
    lacking = estimate.log_likelihood - bound[chosen].numpy()
    return estimate.to_metrics() | {
        "elbo": float(bound.mean()),
        "nll": -float(bound.mean() + lacking.mean()),
        "nll_standard_error": float(lacking.std(ddof=min(1, len(chosen) - 1)) / len(chosen) ** 0.5),
        "nll_images": len(chosen),
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
        pixels: 0 to 1, float [n, 1, 28, 28].
        encode: Of the variational autoencoder; see `importance_sampling`.
        decode: Of the same.
        generator: Source of the randomness.
        samples: Latents drawn for an image.
        at_once: Images in a batch.

    Returns:
        float32 [n].
    """
    bounds = []
    for batch in pixels.split(at_once):
        mean, log_variance = encode(batch)
        expected = torch.zeros(len(batch), device=batch.device)
        for _ in range(samples):
            noise = torch.randn(mean.shape, generator=generator, device=mean.device)
            latents = mean + (log_variance / 2).exp() * noise
            logits = torch.cat([decode(some) for some in latents.split(DECODED_AT_ONCE)])
            expected += bernoulli_log_likelihood(batch, logits) / samples
        bounds.append(expected - kl_from_standard_normal(mean, log_variance))
    return torch.cat(bounds)
