"""Random affine distortions of batches of images."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Augmentation", "distort"]


@dataclass(frozen=True)
class Augmentation:
    """Ranges of random distortions, sampled uniformly and independently for each image.

    Attributes:
        rotation: Largest rotation in either direction, in degrees.
        scaling: Largest change of the logarithm of the height and of the width.
        shear: Largest sideways shift of a row, relative to its distance from the centre.
        shift: Largest translation along each axis, in pixels.
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
        images: Float [batch, channels, height, width]. Pixels outside of an image count as 0.
        augmentation: Ranges of the distortions.
        generator: Random number generator, PyTorch's default one if None.

    Returns:
        Distorted images of the same shape.
    """
    batch, _, height, width = images.shape

    def uniform(largest: float) -> Tensor:
        values = torch.rand(batch, generator=generator, device=images.device)
        return (2 * values - 1) * largest

    angle = uniform(math.radians(augmentation.rotation))
    shear = uniform(augmentation.shear)
    scale_x, scale_y = uniform(augmentation.scaling).exp(), uniform(augmentation.scaling).exp()
    cos, sin = angle.cos(), angle.sin()
    # affine map from output to input coordinates, in units of half the image
    rows = [
        [cos * scale_x, (shear - sin) * scale_x, uniform(2 * augmentation.shift / width)],
        [sin * scale_y, cos * scale_y, uniform(2 * augmentation.shift / height)],
    ]
    matrices = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)
