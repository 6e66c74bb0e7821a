"""The likelihood that a variational autoencoder assigns to images, by importance sampling.

The parts of the model come as functions. `encode` maps images [n, 1, 28, 28] to the mean and the
logarithm of the variance of their latents, [n, dimension] each. `decode` maps latents
[n, dimension] to logits of the same shape as the images. All computation happens on the device of
the images.
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

EFFECTIVE_SHARE = 1 / 8  # of the draws, that a proposal is fitted to at least
ENCODER_SHARE = 0.2  # of the encoder's variance in the covariance of a fitted proposal
WIDENING = 1.3  # of that covariance; too narrow a proposal costs more than too wide a one


@dataclass(frozen=True, eq=False)
class LikelihoodEstimate:
    """Importance-weighted estimates of log p(x), an array of one number per image each.

    Attributes:
        log_likelihood: In nats, float64 [n]. On average too low by half the squared standard error.
        standard_error: Of the simulation, in nats, float64 [n].
        effective_sample_size: (sum of weights)^2 / sum of squared weights, 1 to `samples`, [n].
        samples: Number of latents drawn for an image.
    """

    log_likelihood: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    effective_sample_size: NDArray[np.float64]
    samples: int

    def to_metrics(self) -> dict[str, float]:
        """Return the mean negative log-likelihood and its errors as plain numbers.

        "nll_standard_error" is of the choice of images; "nll_simulation_error" of the draws.
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
    """Estimate log p(x) of each image: log of the mean of p(x|z) p(z) / q(z), z drawn from q.

    Without adaptations q is the encoder's posterior (Rezende, Mohamed and Wierstra, 2014; Burda,
    Grosse and Salakhutdinov, 2016). It is too narrow to have drawn from all that matters: a handful
    of thousands of draws decide, and the estimate is too low. Each adaptation draws from q, and
    replaces it by the normal distribution, with full covariance, that matches the weighted draws
    (population Monte Carlo: Cappé, Guillin, Marin and Robert, 2004); the weights are tempered as
    far as needed for enough of the draws to count. The final draws are fresh, so that the
    estimate's expectation stays a lower bound, only a tighter one.

    Args:
        pixels: 0 or 1, float [n, 1, 28, 28].
        encode: Of the variational autoencoder.
        decode: Of the same. It is called with at most `at_once` latents at a time.
        generator: Source of the randomness, on the device of the images.
        samples: Latents drawn for the estimate of an image, K.
        adaptations: Times that q is fitted again, each time to `at_once` latents more.
        at_once: Decoded images in memory at a time; speed depends on it.

    Returns:
        Estimates whose standard error is sqrt(1/ESS - 1/K), the delta method's.

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
            raise ValueError(f"{name}: {value}, at least {least} expected")
    log_sums, log_sums_of_squares = [], []
    images_at_once = 1 if adaptations else max(1, at_once // samples)
    for images in progress(pixels.split(images_at_once), "sampling the likelihood of images"):
        mean, log_variance = encode(images)
        factor = (log_variance / 2).exp().diag_embed()
        for _ in range(adaptations):
            latents, weights = _draw(images, mean, factor, decode, generator, at_once)
            mean, factor = _matching_normal(latents, weights, log_variance.exp())
        # the weights' running sums, in logarithms
        log_sum = torch.full((len(images),), -math.inf, dtype=torch.float64, device=pixels.device)
        log_sum_of_squares = log_sum.clone()
        for start in range(0, samples, at_once):
            count = min(at_once, samples - start)
            _, weights = _draw(images, mean, factor, decode, generator, count)
            log_sum = torch.logaddexp(log_sum, weights.logsumexp(1))
            log_sum_of_squares = torch.logaddexp(log_sum_of_squares, (2 * weights).logsumexp(1))
        log_sums.append(log_sum)
        log_sums_of_squares.append(log_sum_of_squares)
    log_sum, log_sum_of_squares = torch.cat(log_sums).cpu(), torch.cat(log_sums_of_squares).cpu()
    effective = (2 * log_sum - log_sum_of_squares).exp().clamp(1, samples)
    return LikelihoodEstimate(
        log_likelihood=(log_sum - math.log(samples)).numpy(),
        standard_error=(1 / effective - 1 / samples).sqrt().numpy(),
        effective_sample_size=effective.numpy(),
        samples=samples,
    )


def _draw(
    images: Tensor,
    mean: Tensor,
    factor: Tensor,
    decode: Decode,
    generator: torch.Generator,
    count: int,
) -> tuple[Tensor, Tensor]:
    """Draw latents from a normal distribution for each image; return them and their log weights.

    Args:
        images: [n, ...].
        mean: [n, dimension].
        factor: Cholesky factors of the covariances, [n, dimension, dimension].
        decode: Of the variational autoencoder.
        generator: Source of the randomness.
        count: Latents for each image.

    Returns:
        Latents [n, count, dimension] and log p(x|z) + log p(z) - log q(z), float64 [n, count].
    """
    shape = (len(images), count, mean.shape[1])
    noise = torch.randn(shape, generator=generator, device=mean.device)
    latents = mean.unsqueeze(1) + noise @ factor.mT
    logits = decode(latents.flatten(0, 1)).reshape(len(images), count, -1)
    # a product of matrices for the pixels of each image, which are the same for all its latents
    agreement = (logits @ images.flatten(1).unsqueeze(2)).squeeze(2)
    log_likelihood = agreement - functional.softplus(logits).sum(2)
    # the normal densities' constants cancel
    log_volume = factor.diagonal(dim1=1, dim2=2).log().sum(1, keepdim=True)
    log_ratio = (noise.square() - latents.square()).sum(2) / 2 + log_volume
    return latents, (log_likelihood + log_ratio).double()


def _matching_normal(
    latents: Tensor, log_weights: Tensor, encoder_variance: Tensor
) -> tuple[Tensor, Tensor]:
    """Return mean and Cholesky factor of the normal distribution that matches weighted latents."""
    temperatures = torch.cat([0.8 ** torch.arange(30), torch.zeros(1)]).to(log_weights)
    tempered = (log_weights.unsqueeze(1) * temperatures[:, None]).softmax(dim=2)
    effective = 1 / tempered.square().sum(2)
    enough = effective >= EFFECTIVE_SHARE * latents.shape[1]
    least = enough.int().argmax(dim=1)  # the first that is enough; weights all alike always are
    weights = tempered[torch.arange(len(latents)), least].to(latents.dtype)
    mean = (weights.unsqueeze(1) @ latents).squeeze(1)
    deviations = latents - mean.unsqueeze(1)
    covariance = (deviations * weights.unsqueeze(2)).mT @ deviations
    mixed = (1 - ENCODER_SHARE) * covariance + ENCODER_SHARE * encoder_variance.diag_embed()
    return mean, torch.linalg.cholesky(WIDENING * mixed)
