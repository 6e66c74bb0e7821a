import numpy as np
import pytest
import scipy.ndimage
import torch

from pipelines.digits.data.augmentation import Augmentation, distort

IDENTITY = Augmentation(rotation=0, scaling=0, shear=0, shift=0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blob(batch: int) -> torch.Tensor:
    """Return images of a smooth, asymmetric blob away from the border."""
    y, x = torch.meshgrid(torch.arange(28.0), torch.arange(28.0), indexing="ij")
    image = torch.exp(-((x - 15) ** 2) / 12 - (y - 11.5) ** 2 / 6)
    return image.expand(batch, 1, 28, 28).contiguous()


def centres(images: torch.Tensor) -> torch.Tensor:
    """Return centres of mass (y, x), [batch, 2], in pixels from the centre of the image."""
    grid = torch.arange(28.0) - 13.5
    mass = images.sum(dim=(1, 2, 3))
    moments = [(images.sum(dim=axis)[:, 0] * grid).sum(dim=1) for axis in (3, 2)]
    return torch.stack(moments, dim=1) / mass[:, None]


@pytest.mark.parametrize("shape", [(4, 1, 28, 28), (3, 3, 20, 30)])
def test_ranges_of_zero_leave_images_unchanged(shape):
    images = torch.rand(shape, generator=generator())
    torch.testing.assert_close(distort(images, IDENTITY, generator()), images)


def test_shifts_are_uniform_within_their_limit_on_both_axes():
    positions = centres(distort(blob(2000), Augmentation(0, 0, 0, shift=3), generator()))
    shifts = positions - centres(blob(1))
    assert shifts.abs().max() < 3.01
    assert (shifts.std(dim=0) - 3 / 3**0.5).abs().max() < 0.1
    assert shifts.mean(dim=0).abs().max() < 0.15


def test_a_rotation_agrees_with_scipy():
    # the generator's first number determines the angle
    angle = 30 * (2 * torch.rand(1, generator=generator(5)).item() - 1)
    rotated = distort(blob(1), Augmentation(30, 0, 0, 0), generator(5))
    expected = scipy.ndimage.rotate(blob(1)[0, 0].numpy(), angle, reshape=False, order=1)
    np.testing.assert_allclose(rotated[0, 0].numpy(), expected, atol=1e-4)


def test_a_rotation_keeps_the_distance_from_the_middle():
    rotated = distort(
        blob(500), Augmentation(rotation=90, scaling=0, shear=0, shift=0), generator()
    )
    distances = centres(rotated).norm(dim=1)
    assert (distances - centres(blob(1)).norm()).abs().max() < 0.02
    angles = torch.atan2(*centres(rotated).T)
    assert angles.max() - angles.min() > 0.9 * np.pi


def test_scaling_changes_height_and_width_independently_within_its_limit():
    scaled = distort(blob(2000), Augmentation(0, scaling=0.2, shear=0, shift=0), generator())
    ratios = (centres(scaled) / centres(blob(1))).log()
    assert ratios.abs().max() < 0.22
    assert (ratios.std(dim=0) - 0.2 / 3**0.5).abs().max() < 0.01
    assert abs(np.corrcoef(ratios.T.numpy())[0, 1]) < 0.1


def test_shear_moves_rows_sideways_in_proportion_to_their_height():
    sheared = distort(blob(500), Augmentation(0, 0, shear=0.3, shift=0), generator())
    positions = centres(sheared) - centres(blob(1))
    height = centres(blob(1))[0, 0].abs()
    assert positions[:, 0].abs().max() < 0.01
    assert 0.28 * height < positions[:, 1].abs().max() < 0.31 * height


def test_distortions_differ_between_images_and_depend_on_the_generator_alone():
    first = distort(blob(8), Augmentation(), generator(1))
    assert torch.equal(first, distort(blob(8), Augmentation(), generator(1)))
    assert not torch.equal(first, distort(blob(8), Augmentation(), generator(2)))
    assert len(torch.unique(first, dim=0)) == 8
