"""The variational autoencoder: an autoencoder whose latents are draws from a distribution.

Its encoder gives each image a normal distribution over latents, its decoder each latent a Bernoulli
distribution over every pixel, and N(0, I) is the prior (Kingma and Welling, "Auto-Encoding
Variational Bayes", 2014).
"""

import math

import torch
from torch import Tensor, nn

from pipelines.digits.models.autoencoder import Architecture, decoder, encoder
from pipelines.digits.models.likelihood import bernoulli_log_likelihood, kl_from_standard_normal

__all__ = ["VariationalAutoencoder", "importance_weighted_bound", "lower_bound"]


class VariationalAutoencoder(nn.Module):
    """An encoder from images to normal distributions over latents, and a decoder back.

    Args:
        architecture: Its sizes.

    Example:
        >>> network = VariationalAutoencoder(Architecture(latent_dim=2, widths=[4], hidden_dim=8))
        >>> mean, log_variance = network.encode(torch.zeros(5, 1, 28, 28))
        >>> mean.shape, log_variance.shape, network.decode(mean).shape
        (torch.Size([5, 2]), torch.Size([5, 2]), torch.Size([5, 1, 28, 28]))
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.encoder = encoder(architecture, 2 * architecture.latent_dim)
        self.decoder = decoder(architecture)

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and logarithm of the variance, [n, latent] each, of q(z|x).

        Args:
            pixels: Images, float [n, channels, 28, 28] from 0 to 1.
        """
        mean, log_variance = self.encoder(pixels).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latents: Tensor) -> Tensor:
        """Return logits of white, [n, channels, 28, 28], of latents, [n, latent]."""
        return self.decoder(latents)


def lower_bound(network: VariationalAutoencoder, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two parts of the evidence lower bound, with one draw of the latents from q(z|x).

    Args:
        network: Of which the gradients are wanted.
        pixels: Images, float [n, channels, 28, 28] from 0 to 1.

    Returns:
        log p(x|z) and KL(q(z|x) || N(0, I)) in nats, [n] each; the bound is their difference.
    """
    mean, log_variance = network.encode(pixels)
    latents = mean + (log_variance / 2).exp() * torch.randn_like(mean)
    log_likelihood = bernoulli_log_likelihood(pixels, network.decode(latents))
    return log_likelihood, kl_from_standard_normal(mean, log_variance)


def importance_weighted_bound(
    network: VariationalAutoencoder, pixels: Tensor, samples: int
) -> Tensor:
    """Return a lower bound of log p(x), tighter with more samples: the log of their mean weight.

    The weights are p(x|z) p(z) / q(z|x), with z drawn from q(z|x) (Burda, Grosse and Salakhutdinov,
    "Importance Weighted Autoencoders", 2016). With one sample it is the evidence lower bound,
    though of more variance than `lower_bound`.

    Args:
        network: Of which the gradients are wanted.
        pixels: Images, float [n, channels, 28, 28] from 0 to 1.
        samples: Latents drawn for an image.

    Returns:
        In nats, [n].
    """
    mean, log_variance = network.encode(pixels)
    noise = torch.randn(samples, *mean.shape, device=mean.device, dtype=mean.dtype)
    latents = mean + (log_variance / 2).exp() * noise
    logits = network.decode(latents.flatten(0, 1))
    log_likelihood = bernoulli_log_likelihood(pixels.repeat(samples, 1, 1, 1), logits)
    # the constants of the two normal densities cancel
    log_prior = -latents.square().sum(2) / 2
    log_posterior = -(noise.square() + log_variance).sum(2) / 2
    log_weights = log_likelihood.view(samples, -1) + log_prior - log_posterior
    return log_weights.logsumexp(0) - math.log(samples)
