"""The verifier: a convolutional network that classifies digits, in any number of channels.

It classifies each channel of an image by itself.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from pipelines.checksums import check_checksums, write_checksums

__all__ = [
    "Reading",
    "Verifier",
    "classify",
    "load_verifier",
    "read_images",
    "save_verifier",
    "unit_scale",
]

SIDE = 28
CLASSES = 10
HEAD = 3  # layers after the last block
BATCH_SIZE = 250  # more do not fit into a core's cache

CONFIGURATION_NAME = "verifier.json"
WEIGHTS_NAME = "verifier.safetensors"


class Verifier(nn.Module):
    """A convolutional network over images of one digit.

    The first convolution (6x6, stride 2) halves the image at once, which makes all that follows
    four times cheaper. The others are 3x3, and the last of each block but the last block is pooled.
    Each is followed by batch normalisation and ReLU. A linear layer reads the last block's outputs,
    thinned by dropout in training.

    Args:
        blocks: Channels of the convolutions of each block: a block at 14x14, one at 7x7, and so on.
        dropout: Share of the last block's outputs that are left out in training.

    Raises:
        ValueError: If there is no block or more than four, one is empty or a width not positive, or
            if dropout is not in [0, 1).

    Example:
        >>> Verifier(blocks=[[8], [16, 16]])(torch.zeros(5, 1, 28, 28)).shape
        torch.Size([5, 10])
    """

    def __init__(self, blocks: Sequence[Sequence[int]], dropout: float = 0.0) -> None:
        super().__init__()
        if not 1 <= len(blocks) <= 4 or not all(blocks) or min(map(min, blocks)) < 1:
            raise ValueError(f"blocks: {blocks}, one to four lists of positive widths expected")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: {dropout}, at least 0 and less than 1 expected")
        self.configuration = {"blocks": [list(block) for block in blocks], "dropout": dropout}
        widths = [width for block in blocks for width in block]
        pooled = set(np.cumsum([len(block) for block in blocks])[:-1])
        layers: list[nn.Module] = [nn.Conv2d(1, widths[0], 6, stride=2, padding=2, bias=False)]
        for depth, width in enumerate(widths, start=1):
            if depth > 1:
                layers.append(nn.Conv2d(widths[depth - 2], width, 3, padding=1, bias=False))
            if depth in pooled:
                # before the normalisation, which then has a quarter of the work
                layers.append(nn.MaxPool2d(2))
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        side = SIDE // 2 ** len(blocks)
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(widths[-1] * side**2, CLASSES)
        )
        # the order of memory in which convolutions are fastest
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, float [batch, 10], of images, float [batch, 1, 28, 28] from 0 to 1."""
        return self.layers(images)

    def activations(self, images: Tensor) -> Tensor:
        """Return outputs of the last block, [batch, width, height, width], of images."""
        return self.layers[:-HEAD](images)

    def head(self, activations: Tensor) -> Tensor:
        """Return logits, [batch, 10], of the last block's outputs."""
        return self.layers[-HEAD:](activations)


@dataclass(frozen=True, eq=False)
class Reading:
    """Probabilities and features of images, as a verifier computes them.

    The features are to digits what Inception's pooled ones are to natural images. Unpooled
    activations, thousands a channel, would need far more images for their covariance.

    Attributes:
        probabilities: Of the digits, which sum to 1 over the last axis, float32 [n, 10] or
            [n, channels, 10].
        features: The activations of the last block, averaged over all positions, float32
            [n, width], or those of the channels in turn, [n, channels * width].
    """

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32]


def read_images(network: Verifier, images: NDArray[np.uint8]) -> Reading:
    """Return the probability of each digit, and features, of images.

    Args:
        network: It is put in evaluation mode, and works where its weights are.
        images: uint8 [n, 28, 28] or [n, 28, 28, channels].

    Raises:
        ValueError: If the images are of another type or shape.
    """
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or images.shape[1:3] != (SIDE, SIDE):
        raise ValueError(
            f"images: {images.dtype} {list(images.shape)}, "
            "uint8 [n, 28, 28] or [n, 28, 28, channels] expected"
        )
    by_channel = np.moveaxis(images, 3, 1) if images.ndim == 4 else images
    pixels = torch.from_numpy(np.ascontiguousarray(by_channel)).view(-1, 1, SIDE, SIDE)
    device = next(network.parameters()).device
    network.eval()
    probabilities, features = [], []
    with torch.inference_mode():
        for batch in pixels.split(BATCH_SIZE):
            activations = network.activations(unit_scale(batch.to(device)))
            probabilities.append(network.head(activations).softmax(dim=1).cpu())
            features.append(activations.mean(dim=(2, 3)).cpu())
    return Reading(
        probabilities=torch.cat(probabilities).view(*by_channel.shape[:-2], CLASSES).numpy(),
        features=torch.cat(features).view(len(images), -1).numpy(),
    )


def classify(network: Verifier, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probabilities of `read_images` alone, [n, 10] or [n, channels, 10]."""
    return read_images(network, images).probabilities


def save_verifier(network: Verifier, folder: Path) -> None:
    """Write a verifier as `verifier.safetensors` and the `verifier.json` that rebuilds it.

    The same network gives the same bytes.
    """
    (folder / CONFIGURATION_NAME).write_text(json.dumps(network.configuration, indent=2) + "\n")
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    (folder / WEIGHTS_NAME).write_bytes(save(weights))  # save_file would hide what the disk says
    write_checksums(folder)


def load_verifier(folder: Path) -> Verifier:
    """Load the verifier that `save_verifier` wrote, in evaluation mode.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file was changed since, or the two do not belong together.
    """
    try:
        check_checksums(folder)
        network = Verifier(**json.loads((folder / CONFIGURATION_NAME).read_bytes()))
        network.load_state_dict(load_file(folder / WEIGHTS_NAME))
    except (ValueError, TypeError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{folder}: not a saved verifier: {reason}") from error
    return network.eval()


def unit_scale(images: Tensor) -> Tensor:
    """Return grey levels 0 to 255 as float32 from 0 to 1."""
    return images.float() / 255
