"""The autoencoder: a convolutional network that draws an image again from a few latents."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import fold

__all__ = ["Architecture", "Autoencoder", "decoder", "encoder"]

SIDE = 28


@dataclass(frozen=True)
class Architecture:
    """The sizes of an encoder, and of the decoder that mirrors it.

    Attributes:
        in_channels: Of the images: 1, also for stacks a channel at a time; 3 for stacks as a whole.
        latent_dim: Dimension of the latents.
        widths: Channels of the convolutions, each of which halves the image's sides; one or two.
        hidden_dim: Width of the linear layers between the convolutions and the latents.
        residual_blocks: Pairs of linear layers of that width by which the decoder bends the latents
            before it draws. They let a variational autoencoder fill its prior evenly, so that more
            of what is drawn from N(0, I) is a digit; but then the latents of strange images lie
            among the others, and their density tells anomalies less well.

    Raises:
        ValueError: If a size is not positive, there are neither 1 nor 3 channels, or more
            halvings than two or none.
    """

    in_channels: int = 1
    latent_dim: int = 16
    widths: Sequence[int] = (32, 64)
    hidden_dim: int = 256
    residual_blocks: int = 1

    def __post_init__(self) -> None:
        if self.in_channels not in (1, 3):
            raise ValueError(f"in_channels: {self.in_channels}, 1 or 3 expected")
        for name, values, least in [
            ("latent_dim", [self.latent_dim], 1),
            ("widths", self.widths, 1),
            ("hidden_dim", [self.hidden_dim], 1),
            ("residual_blocks", [self.residual_blocks], 0),
        ]:
            if any(value < least for value in values):
                given = ", ".join(map(str, values))
                raise ValueError(f"{name}: {given}, at least {least} expected")
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
        >>> network = Autoencoder(Architecture(latent_dim=2, widths=[4], hidden_dim=8))
        >>> latents = network.encode(torch.zeros(5, 1, 28, 28))
        >>> latents.shape, network.decode(latents).shape
        (torch.Size([5, 2]), torch.Size([5, 1, 28, 28]))
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.encoder = encoder(architecture, architecture.latent_dim)
        self.decoder = decoder(architecture)

    def encode(self, pixels: Tensor) -> Tensor:
        """Return latents, [n, latent], of images, float [n, channels, 28, 28] from 0 to 1."""
        return self.encoder(pixels)

    def decode(self, latents: Tensor) -> Tensor:
        """Return logits of white, [n, channels, 28, 28], of latents, [n, latent]."""
        return self.decoder(latents)


def encoder(architecture: Architecture, outputs: int) -> nn.Sequential:
    """Return the layers from images, [n, channels, 28, 28], to numbers, [n, outputs]."""
    layers: list[nn.Module] = []
    for before, after in pairwise([architecture.in_channels, *architecture.widths]):
        layers += [
            nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        ]
    layers += [
        nn.Flatten(),
        nn.Linear(math.prod(architecture.smallest), architecture.hidden_dim, bias=False),
        nn.BatchNorm1d(architecture.hidden_dim),
        nn.ReLU(inplace=True),
        nn.Linear(architecture.hidden_dim, outputs),
    ]
    return _initialized(nn.Sequential(*layers))


def decoder(architecture: Architecture) -> nn.Sequential:
    """Return the layers from latents, [n, latent], to logits of white, [n, channels, 28, 28]."""
    hidden = architecture.hidden_dim
    layers: list[nn.Module] = [nn.Linear(architecture.latent_dim, hidden)]
    layers += [_ResidualBlock(hidden) for _ in range(architecture.residual_blocks)]
    layers += [
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, math.prod(architecture.smallest), bias=False),
        nn.Unflatten(1, architecture.smallest),
    ]
    widths = [*reversed(architecture.widths), architecture.in_channels]
    for depth, (before, after) in enumerate(pairwise(widths), start=1):
        upsampling = _ToFewChannels if depth == len(architecture.widths) else nn.ConvTranspose2d
        layers += [
            nn.BatchNorm2d(before),
            nn.ReLU(inplace=True),
            upsampling(before, after, 4, stride=2, padding=1),
        ]
    return _initialized(nn.Sequential(*layers))


class _ToFewChannels(nn.ConvTranspose2d):
    """A transposed convolution as the product and the overlapping sum that it is.

    To one channel, PyTorch's own takes three times as long on a CPU.
    """

    def forward(self, values: Tensor) -> Tensor:
        *_, height, width = values.shape
        patches = values.flatten(2).transpose(1, 2) @ self.weight.flatten(1)
        summed = fold(
            patches.transpose(1, 2),
            (height * 2, width * 2),
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
        )
        return summed + self.bias.view(1, -1, 1, 1)


class _ResidualBlock(nn.Module):
    """Two linear layers whose output is added to what comes in; at first it is 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, values: Tensor) -> Tensor:
        return values + self.second(self.first(values.relu()).relu())


def _initialized(layers: nn.Sequential) -> nn.Sequential:
    """Initialise weights so that ReLU keeps the scale of what passes (He et al., 2015).

    PyTorch's own shrink it by layer, and latents that matter little at first are given up.
    """
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        elif isinstance(layer, nn.ConvTranspose2d):
            # with stride 2, a quarter of the 4x4 weights of each input meet in an output
            inputs = layer.in_channels * 4
            nn.init.normal_(layer.weight, std=math.sqrt(2 / inputs))
    for block in layers:
        if isinstance(block, _ResidualBlock):
            nn.init.zeros_(block.second.weight)
    # the last layer begins near 0: what comes out is neither sure nor far from the prior
    with torch.no_grad():
        layers[-1].weight.mul_(0.1)
    # the order of memory in which convolutions are fastest
    return layers.to(memory_format=torch.channels_last)
