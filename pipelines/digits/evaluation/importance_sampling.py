"""Estimation of the likelihood of a variational autoencoder by importance sampling.

The autoencoder is given as two functions. `encode` maps images, [n, 1, 28, 28], to the mean and the
log variance of their latents, [n, dimension] each. `decode` maps latents, [n, dimension], to logits
of the shape of the images. All computation runs on the device of the images.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipelines.progress import progress

__all__ = ["Decode", "Encode", "LikelihoodEstimate", "importance_weighted_likelihood"]

Encode = Callable[[Tensor], tuple[Tensor, Tensor]]
Decode = Callable[[Tensor], Tensor]

# smallest effective sample size in the fit of a proposal, relative to the number of samples
EFFECTIVE_SHARE = 1 / 8
# weight of the encoder's variance in the covariance of a fitted proposal
ENCODER_SHARE = 0.2
# factor of that covariance: too narrow a proposal costs more than too wide a one
WIDENING = 1.3


@dataclass(frozen=True, eq=False)
class LikelihoodEstimate:
    """Importance-weighted estimates of log p(x) for each image.

    Attributes:
        log_likelihood: Estimates in nats, float64 [n]. Their bias is about minus half the squared
            standard error.
        standard_error: Standard error of the simulation in nats, float64 [n].
        effective_sample_size: (sum of weights)^2 / sum of squared weights, 1 to `samples`, [n].
        samples: Number of latents sampled per image.
    """

    log_likelihood: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    effective_sample_size: NDArray[np.float64]
    samples: int

    def to_metrics(self) -> dict[str, float]:
        """Return the mean negative log-likelihood and its errors.

        "nll_standard_error" is the error from the choice of images, and "nll_simulation_error" the
        error from the sampled latents.
        """
        n = len(self.log_likelihood)
        return {
            "nll": -float(self.log_likelihood.mean()),
            "nll_standard_error": float(self.log_likelihood.std(ddof=min(1, n - 1)) / n**0.5),
            "nll_simulation_error": float(np.linalg.norm(self.standard_error) / n),
            "nll_samples": self.samples,
            "effective_sample_size_median": float(np.median(self.effective_sample_size)),
            "effective_sample_size_minimum": float(self.effective_sample_size.min()),
        }


@torch.inference_mode()
def importance_weighted_likelihood(
    pixels: Tensor,
    encode: Encode,
    decode: Decode,
    generator: torch.Generator,
    *,
    samples: int,
    adaptations: int = 4,
    at_once: int = 500,
) -> LikelihoodEstimate:
    """Estimate log p(x) of each image as the log of the mean of p(x|z) p(z) / q(z), z from q.

    Without adaptations, q is the encoder's posterior (Rezende, Mohamed and Wierstra, 2014; Burda,
    Grosse and Salakhutdinov, 2016). This proposal is too narrow: a few of thousands of samples
    dominate, and the estimate is too low.

    Each adaptation samples from q and fits a normal distribution with full covariance to the
    weighted samples (population Monte Carlo: Cappé, Guillin, Marin and Robert, 2004). The weights
    are tempered until the effective sample size is large enough. The final samples are independent
    of the fit, so the expectation of the estimate remains a lower bound, but a tighter one.

    Args:
        pixels: Pixels 0 or 1, float [n, 1, 28, 28].
        encode: Encoder of the variational autoencoder.
        decode: Decoder of the variational autoencoder, called with at most `at_once` latents.
        generator: Random number generator on the device of the images.
        samples: Number of latents for the estimate of an image, K.
        adaptations: Number of adaptations of q, each with `at_once` further latents.
        at_once: Number of decoded images in memory, which affects the speed.

    Returns:
        Estimates with the standard error sqrt(1/ESS - 1/K) from the delta method.

    Raises:
        ValueError: If there is no image, or an argument is out of range.
    """
    for name, value, least in [
        ("pixels", len(pixels), 1),
        ("samples", samples, 1),
        ("adaptations", adaptations, 0),
        ("at_once", at_once, 1),
    ]:
        if value < least:
            raise ValueError(f"{name}: {value}, expected at least {least}")
    log_sums, log_sums_of_squares = [], []
    images_at_once = 1 if adaptations else max(1, at_once // samples)
    for images in progress(pixels.split(images_at_once), "sampling the likelihood of images"):
        mean, log_variance = encode(images)
        factor = (log_variance / 2).exp().diag_embed()
        for _ in range(adaptations):
            latents, weights = _sample(images, mean, factor, decode, generator, at_once)
            mean, factor = _matching_normal(latents, weights, log_variance.exp())
        # running sums of the weights, as logarithms
        log_sum = torch.full((len(images),), -math.inf, dtype=torch.float64, device=pixels.device)
        log_sum_of_squares = log_sum.clone()
        for start in range(0, samples, at_once):
            count = min(at_once, samples - start)
            _, weights = _sample(images, mean, factor, decode, generator, count)
            log_sum = torch.logaddexp(log_sum, weights.logsumexp(1))
            log_sum_of_squares = torch.logaddexp(log_sum_of_squares, (2 * weights).logsumexp(1))
        log_sums.append(log_sum)
        log_sums_of_squares.append(log_sum_of_squares)
    log_sum, log_sum_of_squares = torch.cat(log_sums).cpu(), torch.cat(log_sums_of_squares).cpu()
    effective_size = (2 * log_sum - log_sum_of_squares).exp().clamp(1, samples)
    return LikelihoodEstimate(
        log_likelihood=(log_sum - math.log(samples)).numpy(),
        standard_error=(1 / effective_size - 1 / samples).sqrt().numpy(),
        effective_sample_size=effective_size.numpy(),
        samples=samples,
    )


def _sample(
    images: Tensor,
    mean: Tensor,
    factor: Tensor,
    decode: Decode,
    generator: torch.Generator,
    count: int,
) -> tuple[Tensor, Tensor]:
    """Sample latents from a normal distribution for each image, with their log weights.

    Args:
        images: Pixels 0 or 1, [n, ...].
        mean: Means of the distributions, [n, dimension].
        factor: Cholesky factors of the covariances, [n, dimension, dimension].
        decode: Decoder of the variational autoencoder.
        generator: Random number generator.
        count: Number of latents per image.

    Returns:
        Latents, [n, count, dimension], and log p(x|z) + log p(z) - log q(z), float64 [n, count].
    """
    shape = (len(images), count, mean.shape[1])
    noise = torch.randn(shape, generator=generator, device=mean.device)
    latents = mean.unsqueeze(1) + noise @ factor.mT
    logits = decode(latents.flatten(0, 1)).reshape(len(images), count, -1)
    # one matrix product per image, whose pixels are the same for all its latents
    dot_products = (logits @ images.flatten(1).unsqueeze(2)).squeeze(2)
    log_likelihood = dot_products - functional.softplus(logits).sum(2)
    # the constants of the two normal densities cancel
    log_volume = factor.diagonal(dim1=1, dim2=2).log().sum(1, keepdim=True)
    log_ratio = (noise.square() - latents.square()).sum(2) / 2 + log_volume
    return latents, (log_likelihood + log_ratio).double()


def _matching_normal(
    latents: Tensor, log_weights: Tensor, encoder_variance: Tensor
) -> tuple[Tensor, Tensor]:
    """Return mean and Cholesky factor of the normal distribution fitted to weighted latents."""
    temperatures = torch.cat([0.8 ** torch.arange(30), torch.zeros(1)]).to(log_weights)
    tempered = (log_weights.unsqueeze(1) * temperatures[:, None]).softmax(dim=2)
    effective_size = 1 / tempered.square().sum(2)
    sufficient = effective_size >= EFFECTIVE_SHARE * latents.shape[1]
    first = sufficient.int().argmax(dim=1)  # temperature 0, with equal weights, always suffices
    weights = tempered[torch.arange(len(latents)), first].to(latents.dtype)
    mean = (weights.unsqueeze(1) @ latents).squeeze(1)
    deviations = latents - mean.unsqueeze(1)
    covariance = (deviations * weights.unsqueeze(2)).mT @ deviations
    combined = (1 - ENCODER_SHARE) * covariance + ENCODER_SHARE * encoder_variance.diag_embed()
    return mean, torch.linalg.cholesky(WIDENING * combined)
