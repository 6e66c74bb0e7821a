"""The verifier: a convolutional network that classifies digits.

It classifies each channel of an image separately.
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
BATCH_SIZE = 250  # larger batches exceed the cache of a core

CONFIGURATION_NAME = "verifier.json"
WEIGHTS_NAME = "verifier.safetensors"


class Verifier(nn.Module):
    """Convolutional network that classifies images of one digit.

    The first convolution (6x6, stride 2) halves the sides of the image, so that all later layers
    cost a quarter. The other convolutions are 3x3. Max pooling ends each block except the last.
    Batch normalisation and ReLU follow each convolution. Dropout and a linear layer follow the last
    block.

    Args:
        blocks: Channels of the convolutions of each block. The first block works at 14x14, the
            second at 7x7, and so on.
        dropout: Dropout probability of the last block's outputs.

    Raises:
        ValueError: If there are not one to four blocks, a block is empty, a width is not positive,
            or the dropout is not in [0, 1).

    Example:
        >>> Verifier(blocks=[[8], [16, 16]])(torch.zeros(5, 1, 28, 28)).shape
        torch.Size([5, 10])
    """

    def __init__(self, blocks: Sequence[Sequence[int]], dropout: float = 0.0) -> None:
        super().__init__()
        if not 1 <= len(blocks) <= 4 or not all(blocks) or min(map(min, blocks)) < 1:
            raise ValueError(f"blocks: {blocks}, expected one to four lists of positive widths")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: {dropout}, expected at least 0 and less than 1")
        self.configuration = {"blocks": [list(block) for block in blocks], "dropout": dropout}
        widths = [width for block in blocks for width in block]
        pooled = set(np.cumsum([len(block) for block in blocks])[:-1])
        layers: list[nn.Module] = [nn.Conv2d(1, widths[0], 6, stride=2, padding=2, bias=False)]
        for depth, width in enumerate(widths, start=1):
            if depth > 1:
                layers.append(nn.Conv2d(widths[depth - 2], width, 3, padding=1, bias=False))
            if depth in pooled:
                # pooling before the normalisation reduces its cost to a quarter
                layers.append(nn.MaxPool2d(2))
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        side = SIDE // 2 ** len(blocks)
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), nn.Dropout(dropout), nn.Linear(widths[-1] * side**2, CLASSES)
        )
        # the memory format with the fastest convolutions
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Classify images, float [batch, 1, 28, 28] from 0 to 1, and return logits, [batch, 10]."""
        return self.layers(images)

    def activations(self, images: Tensor) -> Tensor:
        """Return the outputs of the last block, [batch, features, height, width]."""
        return self.layers[:-HEAD](images)

    def head(self, activations: Tensor) -> Tensor:
        """Return the logits, [batch, 10], from the outputs of the last block."""
        return self.layers[-HEAD:](activations)


@dataclass(frozen=True, eq=False)
class Reading:
    """Probabilities and features of images from a verifier.

    The features correspond to Inception's pooled features of natural images. The covariance of
    unpooled activations, thousands per channel, would require far more images.

    Attributes:
        probabilities: Probabilities of the digits, float32 [n, 10] or [n, channels, 10].
        features: Mean activations of the last block over all positions, float32 [n, features]. For
            stacks, the features of the channels are concatenated, [n, channels * features].
    """

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32]


def read_images(network: Verifier, images: NDArray[np.uint8]) -> Reading:
    """Return the probabilities of the digits and the features of images.

    Args:
        network: Verifier, which is set to evaluation mode. It runs on the device of its weights.
        images: Images, uint8 [n, 28, 28] or [n, 28, 28, channels].

    Raises:
        ValueError: If the images have another type or shape.
    """
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or images.shape[1:3] != (SIDE, SIDE):
        raise ValueError(
            f"images: {images.dtype} {list(images.shape)}, "
            "expected uint8 [n, 28, 28] or [n, 28, 28, channels]"
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
    """Return only the probabilities of `read_images`, [n, 10] or [n, channels, 10]."""
    return read_images(network, images).probabilities


def save_verifier(network: Verifier, folder: Path) -> None:
    """Save the weights as `verifier.safetensors` and the configuration as `verifier.json`.

    The same network gives the same bytes.
    """
    (folder / CONFIGURATION_NAME).write_text(json.dumps(network.configuration, indent=2) + "\n")
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    (folder / WEIGHTS_NAME).write_bytes(save(weights))  # save_file hides errors of the disk
    write_checksums(folder)


def load_verifier(folder: Path) -> Verifier:
    """Load the verifier that `save_verifier` saved, in evaluation mode.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file was changed, or the files do not match each other.
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
    """Scale grey levels 0 to 255 to float32 from 0 to 1."""
    return images.float() / 255
