"""Latents become images, and a walk leads from one latent to another."""

import numpy as np
import pytest
import torch

from pipelines.digits.models.generation import decoded_images, latent_walk


def test_decoded_pixels_are_the_probabilities_of_white_in_grey_levels():
    logits = torch.randn(7, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 4
    images = decoded_images(lambda latents: latents.view(-1, 1, 28, 28), logits.flatten(1))
    assert images.shape == (7, 28, 28)
    assert images.dtype == np.uint8
    assert np.abs(images / 255 - logits.sigmoid().squeeze(1).numpy()).max() <= 0.5 / 255 + 1e-6


def test_every_latent_is_decoded_once_and_in_order_however_many_at_once():
    latents = torch.linspace(-3, 3, 11)[:, None]
    sizes = []

    def decode(batch):
        sizes.append(len(batch))
        return batch.view(-1, 1, 1, 1)

    batched = decoded_images(decode, latents, at_once=4)
    assert sizes == [4, 4, 3]
    assert np.array_equal(batched, decoded_images(decode, latents))
    assert (np.diff(batched.ravel().astype(int)) > 0).all()


def test_a_walk_begins_and_ends_where_it_should_and_steps_evenly():
    start, end = torch.randn(2, 3, 16, generator=torch.Generator().manual_seed(0))
    walk = latent_walk(start, end, 5)
    assert walk.shape == (5, 3, 16)
    assert torch.equal(walk[0], start)
    assert torch.allclose(walk[-1], end)
    assert torch.allclose(walk.diff(dim=0), ((end - start) / 4).expand(4, -1, -1), atol=1e-6)


def test_a_walk_of_one_step_leads_nowhere_and_is_refused():
    with pytest.raises(ValueError, match=r"^steps: 1, at least 2 expected$"):
        latent_walk(torch.zeros(2), torch.ones(2), 1)
