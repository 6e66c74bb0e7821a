"""Random affine distortions of images, a whole batch at once."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Augmentation", "distort"]


@dataclass(frozen=True)
class Augmentation:
    """How far an image may be distorted; every amount is drawn uniformly, for each image anew.

    Attributes:
        rotation: Largest angle, either way, in degrees.
        scaling: Largest change of the logarithm of height and width, each on its own.
        shear: Largest sideways shift of a row, as a share of its distance from the middle.
        shift: Largest movement along each axis, in pixels.
    """

    rotation: float = 10.0
    scaling: float = 0.1
    shear: float = 0.1
    shift: float = 2.0


def distort(
    images: Tensor, augmentation: Augmentation, generator: torch.Generator | None = None
) -> Tensor:
    """Rotate, scale, shear and shift each image at random, with bilinear interpolation.

    Args:
        images: Float [batch, channels, height, width]; what enters from outside is 0.
        augmentation: How far.
        generator: Source of the randomness; torch's own if None.

    Returns:
        Images of the same shape.
    """
    batch, _, height, width = images.shape

    def uniform(largest: float) -> Tensor:
        drawn = torch.rand(batch, generator=generator, device=images.device)
        return (2 * drawn - 1) * largest

    angle = uniform(math.radians(augmentation.rotation))
    shear = uniform(augmentation.shear)
    scale_x, scale_y = uniform(augmentation.scaling).exp(), uniform(augmentation.scaling).exp()
    cos, sin = angle.cos(), angle.sin()
    # where each point of the result comes from, in units of half the image
    rows = [
        [cos * scale_x, (shear - sin) * scale_x, uniform(2 * augmentation.shift / width)],
        [sin * scale_y, cos * scale_y, uniform(2 * augmentation.shift / height)],
    ]
    origin = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
    grid = functional.affine_grid(origin, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)
