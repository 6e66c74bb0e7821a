"""Images out of latents: decoded, and walked through from one to another."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["DECODED_AT_ONCE", "decoded_images", "grey_levels", "latent_walk"]

DECODED_AT_ONCE = 250  # more do not fit into two cores' caches


@torch.inference_mode()
def decoded_images(
    decode: Callable[[Tensor], Tensor], latents: Tensor, at_once: int = DECODED_AT_ONCE
) -> NDArray[np.uint8]:
    """Decode images from latents; the grey of each pixel is its probability of white.

    For stacks decode a latent for each channel and join them; see `stacking.join_channels`.

    Args:
        decode: From latents [n, dimension] to logits [n, 1, height, width].
        latents: [n, dimension], on the device of the decoder.
        at_once: Images in a batch.

    Returns:
        [n, height, width].

    Example:
        >>> decoded_images(lambda z: z.view(-1, 1, 1, 3), torch.tensor([[-9.0, 0.0, 9.0]]))
        array([[[  0, 128, 255]]], dtype=uint8)
    """
    return np.concatenate([grey_levels(decode(batch)) for batch in latents.split(at_once)])


def grey_levels(logits: Tensor) -> NDArray[np.uint8]:
    """Return probabilities of white as greys, [n, height, width] of logits [n, 1, height, width].

    Of several channels, [n, channels, height, width].
    """
    return (logits.sigmoid().squeeze(1) * 255).round().to(torch.uint8).cpu().numpy()


def latent_walk(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Return latents at equal steps along the line from one to another, both ends included.

    Args:
        start: [..., dimension].
        end: Of the same shape.
        steps: Number of latents, at least 2.

    Returns:
        [steps, ..., dimension].

    Raises:
        ValueError: If there are fewer than two steps.

    Example:
        >>> latent_walk(torch.zeros(2), torch.tensor([2.0, 4.0]), 3)
        tensor([[0., 0.],
                [1., 2.],
                [2., 4.]])
    """
    if steps < 2:
        raise ValueError(f"steps: {steps}, at least 2 expected")
    shares = torch.linspace(0, 1, steps, device=start.device).view(-1, *[1] * start.ndim)
    return torch.lerp(start, end, shares)
