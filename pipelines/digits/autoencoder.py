"""The autoencoder: a convolutional network that draws an image again from a few latents."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

__all__ = ["Architecture", "Autoencoder", "decoder", "encoder"]

SIDE = 28


@dataclass(frozen=True)
class Architecture:
    """The sizes of an encoder, and of the decoder that mirrors it.

    Attributes:
        channels: Of the images: 1, also for stacks a channel at a time; 3 for stacks as a whole.
        latent: Dimension of the latents.
        widths: Channels of the convolutions, each of which halves the image's sides; one or two.
        hidden: Widths of the linear layers between the convolutions and the latents.

    Raises:
        ValueError: If a size is not positive, or there are more halvings than two or none.
    """

    channels: int = 1
    latent: int = 16
    widths: Sequence[int] = (32, 64)
    hidden: Sequence[int] = (256,)

    def __post_init__(self) -> None:
        sizes = {"channels": (self.channels,), "latent": (self.latent,)}
        for name, values in (sizes | {"widths": self.widths, "hidden": self.hidden}).items():
            if any(value < 1 for value in values):
                raise ValueError(f"{name}: {', '.join(map(str, values))}, at least 1 expected")
        if not 1 <= len(self.widths) <= 2:
            raise ValueError(f"widths: {list(self.widths)}, one or two expected")

    @property
    def smallest(self) -> tuple[int, int, int]:
        """The shape between convolutions and linear layers: channels, height, width."""
        side = SIDE // 2 ** len(self.widths)
        return self.widths[-1], side, side


class Autoencoder(nn.Module):
    """An encoder from images to latents and a decoder back.

    Args:
        architecture: Its sizes.

    Example:
        >>> network = Autoencoder(Architecture(latent=2, widths=[4], hidden=[8]))
        >>> latents = network.encode(torch.zeros(5, 1, 28, 28))
        >>> latents.shape, network.decode(latents).shape
        (torch.Size([5, 2]), torch.Size([5, 1, 28, 28]))
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.encoder = encoder(architecture, architecture.latent)
        self.decoder = decoder(architecture)

    def encode(self, pixels: Tensor) -> Tensor:
        """Latents, [n, latent], of images, float [n, channels, 28, 28] from 0 to 1."""
        return self.encoder(pixels)

    def decode(self, latents: Tensor) -> Tensor:
        """Logits of white, [n, channels, 28, 28], of latents, [n, latent]."""
        return self.decoder(latents)


def encoder(architecture: Architecture, outputs: int) -> nn.Sequential:
    """From images, [n, channels, 28, 28], to numbers, [n, outputs]."""
    layers: list[nn.Module] = []
    channels = architecture.channels
    for width in architecture.widths:
        layers += [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.ReLU()]
        channels = width
    sizes = [math.prod(architecture.smallest), *architecture.hidden]
    layers += [nn.Flatten(), *_linear_layers(sizes), nn.Linear(sizes[-1], outputs)]
    # the order of memory in which convolutions are fastest
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def decoder(architecture: Architecture) -> nn.Sequential:
    """From latents, [n, latent], to logits of white, [n, channels, 28, 28]."""
    sizes = [architecture.latent, *reversed(architecture.hidden), math.prod(architecture.smallest)]
    layers = [*_linear_layers(sizes), nn.Unflatten(1, architecture.smallest)]
    widths = [*reversed(architecture.widths), architecture.channels]
    for depth, (before, after) in enumerate(pairwise(widths)):
        layers += [nn.ReLU()] if depth else []
        layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def _linear_layers(sizes: Sequence[int]) -> list[nn.Module]:
    """Linear layers, each followed by the activation, from each size to the next."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return layers
