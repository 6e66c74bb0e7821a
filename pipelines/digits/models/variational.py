"""The variational autoencoder and its training objectives.

The encoder maps an image to a normal distribution of latents. The decoder maps latents to a
Bernoulli distribution of each pixel. The prior is N(0, I) (Kingma and Welling, "Auto-Encoding
Variational Bayes", 2014).
"""

import math

import torch
from torch import Tensor, nn

from pipelines.digits.models.autoencoder import Architecture, decoder, encoder
from pipelines.digits.models.likelihood import bernoulli_log_likelihood, kl_from_standard_normal

__all__ = ["VariationalAutoencoder", "importance_weighted_bound", "lower_bound"]


class VariationalAutoencoder(nn.Module):
    """Variational autoencoder with a normal posterior and Bernoulli pixels.

    Args:
        architecture: Sizes of the network.

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
        """Return the mean and the log variance of q(z|x), [n, latent_dim] each.

        Args:
            pixels: Pixels from 0 to 1, float [n, channels, 28, 28].
        """
        mean, log_variance = self.encoder(pixels).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents, [n, latent_dim], to logits of white, [n, channels, 28, 28]."""
        return self.decoder(latents)


def lower_bound(network: VariationalAutoencoder, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two terms of the evidence lower bound, with one sample from q(z|x).

    Args:
        network: Variational autoencoder.
        pixels: Pixels from 0 to 1, float [n, channels, 28, 28].

    Returns:
        The terms log p(x|z) and KL(q(z|x) || N(0, I)) in nats, [n] each. The bound is their
        difference.
    """
    mean, log_variance = network.encode(pixels)
    latents = mean + (log_variance / 2).exp() * torch.randn_like(mean)
    log_likelihood = bernoulli_log_likelihood(pixels, network.decode(latents))
    return log_likelihood, kl_from_standard_normal(mean, log_variance)


def importance_weighted_bound(
    network: VariationalAutoencoder, pixels: Tensor, samples: int
) -> Tensor:
    """Return the importance-weighted lower bound of log p(x), which is tighter with more samples.

    The bound is the logarithm of the mean of p(x|z) p(z) / q(z|x) over samples z from q(z|x). With
    one sample, it is the evidence lower bound with more variance than `lower_bound`. See Burda,
    Grosse and Salakhutdinov, "Importance Weighted Autoencoders", 2016.

    Args:
        network: Variational autoencoder.
        pixels: Pixels from 0 to 1, float [n, channels, 28, 28].
        samples: Number of latents sampled per image.

    Returns:
        Bounds in nats, [n].
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
