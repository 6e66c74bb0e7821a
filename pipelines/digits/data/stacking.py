"""The modes of the data: digits single or stacked in channels, without one digit, and as pixels.

Images stay the uint8 that they came as. Stacks are kept as indices and put together when they are
used; grey levels become floats at every use anew (`pixel_values`).
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
    """Return the images, and their labels, that do not show a digit.

    Args:
        images: [n, height, width].
        labels: Digits 0 to 9, [n].
        digit: The one to leave out.

    Raises:
        ValueError: If it is not a digit.
    """
    if not 0 <= digit < DIGITS:
        raise ValueError(f"digit: {digit}, 0 to 9 expected")
    kept = labels != digit
    return images[kept], labels[kept]


def draw_stacks(
    available: int, count: int, generator: np.random.Generator, channels: int = 3
) -> NDArray[np.int64]:
    """Draw the images of each stack, every channel uniformly and independently.

    Args:
        available: Number of images to draw from.
        count: Number of stacks.
        generator: Source of the randomness.
        channels: Images in a stack.

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
    """Return images of several channels, combined from images of one.

    Args:
        images: [n, height, width].
        members: Which of them stands in each channel, [count, channels].

    Returns:
        [count, height, width, channels].
    """
    return join_channels(images[members.reshape(-1)], channels=members.shape[1])


def stacked_labels(labels: NDArray[np.integer], members: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the labels of stacks: channel 0 + 10 x channel 1 + 100 x channel 2 and so on.

    Args:
        labels: Digits 0 to 9 of the single images, [n].
        members: Which image stands in each channel, [count, channels].

    Returns:
        Labels from 0 to 10^channels - 1, [count].

    Example:
        >>> stacked_labels(np.array([7, 2, 1]), np.array([[0, 1, 2], [2, 2, 0]])).tolist()
        [127, 711]
    """
    return labels[members].astype(np.int64) @ DIGITS ** np.arange(members.shape[1])


def channel_digits(labels: NDArray[np.integer], channels: int) -> NDArray[np.int64]:
    """Return the digit in each channel, [n, channels], of labels of `stacked_labels`, [n].

    Example:
        >>> channel_digits(np.array([127, 8]), 3).tolist()
        [[7, 2, 1], [8, 0, 0]]
    """
    return labels.astype(np.int64)[:, None] // DIGITS ** np.arange(channels) % DIGITS


def split_channels(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images, [n * channels, height, width], of stacks, [n, height, width, channels].

    The channels of a stack follow each other. `join_channels` is the way back.
    """
    n, height, width, channels = images.shape
    return np.ascontiguousarray(np.moveaxis(images, 3, 1)).reshape(n * channels, height, width)


def join_channels(images: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Return stacks, [n, height, width, channels], of images, [n * channels, height, width]."""
    stacks = images.reshape(-1, channels, *images.shape[1:])
    return np.ascontiguousarray(np.moveaxis(stacks, 1, 3))


def pixel_values(
    images: Tensor, mode: Binarization, generator: torch.Generator | None = None
) -> Tensor:
    """Return the input of a model for grey levels.

    Only "dynamic", dynamic binarisation, lets likelihoods be compared with published ones
    (Burda, Grosse and Salakhutdinov, 2016).

    Args:
        images: uint8 of any shape, 0 to 255.
        mode: "none": the share of white, 0 to 1; "threshold": 1 where that is over a half, else 0;
            "dynamic": 1 with that probability, drawn anew at every call, else 0.
        generator: Source of the randomness of "dynamic"; torch's own if None.

    Returns:
        float32 of the same shape.

    Raises:
        ValueError: If the images are not uint8, or there is no such mode.

    Example:
        >>> pixel_values(torch.tensor([0, 127, 128], dtype=torch.uint8), "threshold")
        tensor([0., 0., 1.])
    """
    if images.dtype != torch.uint8:
        raise ValueError(f"images: {images.dtype}, uint8 expected")
    if mode not in get_args(Binarization):
        raise ValueError(f"mode: {mode!r}, one of {', '.join(get_args(Binarization))} expected")
    if mode == "threshold":
        return (images > 127).float()
    white = images.float() / 255
    return torch.bernoulli(white, generator=generator) if mode == "dynamic" else white
