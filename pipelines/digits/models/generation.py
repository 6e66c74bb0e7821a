"""Decoding of latents, and interpolation between them."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["DECODED_AT_ONCE", "decoded_images", "grey_levels", "latent_walk"]

DECODED_AT_ONCE = 250  # larger batches exceed the cache of two cores


@torch.inference_mode()
def decoded_images(
    decode: Callable[[Tensor], Tensor], latents: Tensor, at_once: int = DECODED_AT_ONCE
) -> NDArray[np.uint8]:
    """Decode latents to images, whose grey levels are the probabilities of white.

    Args:
        decode: Function from latents, [n, dimension], to logits, [n, channels, height, width].
        latents: Latents on the device of the decoder, [n, dimension].
        at_once: Batch size.

    Returns:
        Images, [n, height, width], or [n, channels, height, width] with several channels.

    Example:
        >>> decoded_images(lambda z: z.view(-1, 1, 1, 3), torch.tensor([[-9.0, 0.0, 9.0]]))
        array([[[  0, 128, 255]]], dtype=uint8)
    """
    return np.concatenate([grey_levels(decode(batch)) for batch in latents.split(at_once)])


def grey_levels(logits: Tensor) -> NDArray[np.uint8]:
    """Convert logits of white, [n, channels, height, width], to grey levels.

    Returns:
        Images, [n, height, width], or [n, channels, height, width] with several channels.
    """
    return (logits.sigmoid().squeeze(1) * 255).round().to(torch.uint8).cpu().numpy()


def latent_walk(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Interpolate linearly between two latent vectors, both included.

    Args:
        start: First latents, [..., dimension].
        end: Last latents of the same shape.
        steps: Number of latents, at least 2.

    Returns:
        Latents at equal distances, [steps, ..., dimension].

    Raises:
        ValueError: If there are fewer than two steps.

    Example:
        >>> latent_walk(torch.zeros(2), torch.tensor([2.0, 4.0]), 3)
        tensor([[0., 0.],
                [1., 2.],
                [2., 4.]])
    """
    if steps < 2:
        raise ValueError(f"steps: {steps}, expected at least 2")
    shares = torch.linspace(0, 1, steps, device=start.device).view(-1, *[1] * start.ndim)
    return torch.lerp(start, end, shares)
