"""The kinds of autoencoders, each with its network and its training loss."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from pipelines.digits.models.autoencoder import Architecture, Autoencoder
from pipelines.digits.models.likelihood import bernoulli_log_likelihood
from pipelines.digits.models.variational import (
    VariationalAutoencoder,
    importance_weighted_bound,
    lower_bound,
)

__all__ = ["KINDS", "Kind", "Network"]

Network = Autoencoder | VariationalAutoencoder


@dataclass(frozen=True)
class Kind:
    """A kind of autoencoder.

    Attributes:
        network: Class of the network, called with the architecture.
        loss: Function of the network, pixels [n, channels, 28, 28] and the number of importance
            samples. It returns the "loss" in nats per image and, if defined, its terms.
    """

    network: Callable[[Architecture], Network]
    loss: Callable[[Network, Tensor, int], dict[str, Tensor]]


def _reconstruction_loss(network: Autoencoder, pixels: Tensor, _: int) -> dict[str, Tensor]:
    logits = network.decode(network.encode(pixels))
    return {"loss": -bernoulli_log_likelihood(pixels, logits).mean()}


def _negative_bound(
    network: VariationalAutoencoder, pixels: Tensor, samples: int
) -> dict[str, Tensor]:
    if samples > 1:
        return {"loss": -importance_weighted_bound(network, pixels, samples).mean()}
    log_likelihood, divergence = lower_bound(network, pixels)
    reconstruction, kl = -log_likelihood.mean(), divergence.mean()
    return {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}


KINDS = {
    "autoencoder": Kind(Autoencoder, _reconstruction_loss),
    "variational": Kind(VariationalAutoencoder, _negative_bound),
}
"""The kinds by name."""
