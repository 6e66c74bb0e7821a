"""Stacks of digits in channels, removal of a digit, and pixel values for the networks.

Images stay uint8. Stacks are stored as indices, and `stacked_images` builds them on demand.
`pixel_values` converts grey levels to floats at each use.
"""

from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "Binarization",
    "channel_digits",
    "draw_stacks",
    "join_channels",
    "pixel_values",
    "split_channels",
    "stacked_images",
    "stacked_labels",
    "without_digit",
]

Binarization = Literal["dynamic", "threshold", "none"]
DIGITS = 10


def without_digit(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], digit: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Remove the images of a digit and their labels.

    Args:
        images: Single images, [n, height, width].
        labels: Digits 0 to 9, [n].
        digit: The digit to remove.

    Raises:
        ValueError: If the digit is not in 0 to 9.
    """
    if not 0 <= digit < DIGITS:
        raise ValueError(f"digit: {digit}, expected 0 to 9")
    mask = labels != digit
    return images[mask], labels[mask]


def draw_stacks(
    available: int, count: int, generator: np.random.Generator, channels: int = 3
) -> NDArray[np.int64]:
    """Sample the images of each stack, uniformly and independently for each channel.

    Args:
        available: Number of images to sample from.
        count: Number of stacks.
        generator: Random number generator.
        channels: Number of images in a stack.

    Returns:
        Indices of images, [count, channels].

    Example:
        >>> images, labels = np.zeros((50, 28, 28), np.uint8), np.arange(50) % 10
        >>> members = draw_stacks(50, 1000, np.random.default_rng(0))
        >>> stacked_images(images, members).shape, stacked_labels(labels, members).max() < 1000
        ((1000, 28, 28, 3), np.True_)
    """
    return generator.integers(available, size=(count, channels))


def stacked_images(images: NDArray[np.uint8], members: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Stack single images in channels.

    Args:
        images: Single images, [n, height, width].
        members: Index of the image in each channel, [count, channels].

    Returns:
        Stacks, [count, height, width, channels].
    """
    return join_channels(images[members.reshape(-1)], channels=members.shape[1])


def stacked_labels(labels: NDArray[np.integer], members: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the labels of stacks: channel 0 + 10 x channel 1 + 100 x channel 2, and so on.

    Args:
        labels: Digits 0 to 9 of the single images, [n].
        members: Index of the image in each channel, [count, channels].

    Returns:
        Labels from 0 to 10^channels - 1, [count].

    Example:
        >>> stacked_labels(np.array([7, 2, 1]), np.array([[0, 1, 2], [2, 2, 0]])).tolist()
        [127, 711]
    """
    return labels[members].astype(np.int64) @ DIGITS ** np.arange(members.shape[1])


def channel_digits(labels: NDArray[np.integer], channels: int) -> NDArray[np.int64]:
    """Return the digit in each channel, [n, channels], from labels of stacks, [n].

    Example:
        >>> channel_digits(np.array([127, 8]), 3).tolist()
        [[7, 2, 1], [8, 0, 0]]
    """
    return labels.astype(np.int64)[:, None] // DIGITS ** np.arange(channels) % DIGITS


def split_channels(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Split stacks, [n, height, width, channels], into images, [n * channels, height, width].

    The channels of a stack are adjacent in the result. `join_channels` is the inverse.
    """
    n, height, width, channels = images.shape
    return np.ascontiguousarray(np.moveaxis(images, 3, 1)).reshape(n * channels, height, width)


def join_channels(images: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Join images, [n * channels, height, width], into stacks, [n, height, width, channels]."""
    stacks = images.reshape(-1, channels, *images.shape[1:])
    return np.ascontiguousarray(np.moveaxis(stacks, 1, 3))


def pixel_values(
    images: Tensor, mode: Binarization, generator: torch.Generator | None = None
) -> Tensor:
    """Convert grey levels to the input of a network.

    Likelihoods are comparable with published values only under dynamic binarisation (Burda, Grosse
    and Salakhutdinov, 2016).

    Args:
        images: Grey levels 0 to 255, uint8 of any shape.
        mode: Binarisation of the intensity, which is the grey level divided by 255. "none" returns
            the intensity, and "threshold" returns 1 where it exceeds 0.5 and 0 elsewhere. "dynamic"
            samples 1 with the intensity as its probability, and samples again at each call.
        generator: Random number generator for "dynamic", PyTorch's default one if None.

    Returns:
        Pixel values, float32 of the same shape.

    Raises:
        ValueError: If the images are not uint8, or the mode is unknown.

    Example:
        >>> pixel_values(torch.tensor([0, 127, 128], dtype=torch.uint8), "threshold")
        tensor([0., 0., 1.])
    """
    if images.dtype != torch.uint8:
        raise ValueError(f"images: {images.dtype}, expected uint8")
    if mode not in get_args(Binarization):
        raise ValueError(f"mode: {mode!r}, expected one of {', '.join(get_args(Binarization))}")
    if mode == "threshold":
        return (images > 127).float()
    intensities = images.float() / 255
    if mode == "dynamic":
        return torch.bernoulli(intensities, generator=generator)
    return intensities
