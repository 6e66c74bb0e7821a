"""The autoencoder: a convolutional network that reconstructs images from a few latents."""

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
    """Sizes of an encoder and of its mirror image, the decoder.

    Attributes:
        in_channels: Number of image channels. With 1, each channel of a stack is a separate image.
            With 3, the network processes whole stacks.
        latent_dim: Dimension of the latents.
        widths: Channels of the one or two convolutions, each of which halves the image's sides.
        hidden_dim: Width of the linear layers between the convolutions and the latents.
        residual_blocks: Number of residual blocks with two linear layers in the decoder. They help
            a variational autoencoder to match its prior, so that more samples from N(0, I) are
            digits. However, the latents of anomalies then mix with those of normal images, and
            their density separates the two less well.

    Raises:
        ValueError: If a size is out of range.
    """

    in_channels: int = 1
    latent_dim: int = 16
    widths: Sequence[int] = (32, 64)
    hidden_dim: int = 256
    residual_blocks: int = 1

    def __post_init__(self) -> None:
        if self.in_channels not in (1, 3):
            raise ValueError(f"in_channels: {self.in_channels}, expected 1 or 3")
        for name, values, least in [
            ("latent_dim", [self.latent_dim], 1),
            ("widths", self.widths, 1),
            ("hidden_dim", [self.hidden_dim], 1),
            ("residual_blocks", [self.residual_blocks], 0),
        ]:
            if any(value < least for value in values):
                listed = ", ".join(map(str, values))
                raise ValueError(f"{name}: {listed}, expected at least {least}")
        if not 1 <= len(self.widths) <= 2:
            raise ValueError(f"widths: {list(self.widths)}, expected one or two")

    @property
    def smallest(self) -> tuple[int, int, int]:
        """Shape between convolutions and linear layers: channels, height, width."""
        side = SIDE // 2 ** len(self.widths)
        return self.widths[-1], side, side


class Autoencoder(nn.Module):
    """Deterministic autoencoder with an encoder and a decoder.

    Args:
        architecture: Sizes of the network.

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
        """Encode images, float [n, channels, 28, 28] from 0 to 1, as latents, [n, latent_dim]."""
        return self.encoder(pixels)

    def decode(self, latents: Tensor) -> Tensor:
        """Decode latents, [n, latent_dim], to logits of white, [n, channels, 28, 28]."""
        return self.decoder(latents)


def encoder(architecture: Architecture, outputs: int) -> nn.Sequential:
    """Create the layers from images, [n, channels, 28, 28], to outputs, [n, outputs]."""
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
    """Create the layers from latents, [n, latent_dim], to logits, [n, channels, 28, 28]."""
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
    """Transposed convolution as a matrix product and an overlapping sum.

    For one output channel, PyTorch's implementation takes three times as long on a CPU.
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
    """Residual block with two linear layers, initialised as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = nn.Linear(width, width)

    def forward(self, values: Tensor) -> Tensor:
        return values + self.second(self.first(values.relu()).relu())


def _initialized(layers: nn.Sequential) -> nn.Sequential:
    """Initialise weights so that the activations keep their scale (He et al., 2015).

    PyTorch's default shrinks the scale in each layer. Latents with little initial effect then
    collapse to the prior.
    """
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        elif isinstance(layer, nn.ConvTranspose2d):
            # with stride 2, each output sums a quarter of the 4x4 weights of each input channel
            inputs = layer.in_channels * 4
            nn.init.normal_(layer.weight, std=math.sqrt(2 / inputs))
    for block in layers:
        if isinstance(block, _ResidualBlock):
            nn.init.zeros_(block.second.weight)
    # outputs start near 0: uncertain pixels, and posteriors near the prior
    with torch.no_grad():
        layers[-1].weight.mul_(0.1)
    # the memory format with the fastest convolutions
    return layers.to(memory_format=torch.channels_last)
