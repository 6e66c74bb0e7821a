"""Digits are stacked, removed and converted to pixel values."""

import numpy as np
import pytest
import torch
from scipy.stats import binom, chisquare

from pipelines.digits.data.stacking import (
    channel_digits,
    draw_stacks,
    join_channels,
    pixel_values,
    split_channels,
    stacked_images,
    stacked_labels,
    without_digit,
)


@pytest.fixture
def digits():
    generator = np.random.default_rng(0)
    images = generator.integers(256, size=(40, 28, 28), dtype=np.uint8)
    return images, np.arange(40, dtype=np.uint8) % 10


@pytest.fixture
def grey():
    return torch.arange(256, dtype=torch.uint8)


def test_the_label_of_a_stack_encodes_the_digit_of_each_channel(digits):
    images, labels = digits
    members = draw_stacks(len(images), 100, np.random.default_rng(1))
    stacks, names = stacked_images(images, members), stacked_labels(labels, members)
    assert stacks.shape == (100, 28, 28, 3)
    assert stacks.dtype == np.uint8
    for stack, name, indices in zip(stacks, names, members, strict=True):
        ones, tens, hundreds = (int(labels[member]) for member in indices)
        assert name == ones + 10 * tens + 100 * hundreds
        for channel, member in enumerate(indices):
            assert np.array_equal(stack[:, :, channel], images[member])
    singles = split_channels(stacks)
    assert np.array_equal(singles[4], stacks[1, :, :, 1])
    assert np.array_equal(join_channels(singles, 3), stacks)


def test_the_digits_of_a_stack_are_decoded_from_its_label():
    labels = np.arange(10, dtype=np.uint8)
    members = np.array([[9, 9, 9], [0, 0, 0], [3, 2, 1]])
    names = stacked_labels(labels, members)
    assert names.tolist() == [999, 0, 123], "labels must not overflow the bytes of MNIST"
    assert channel_digits(names, 3).tolist() == members.tolist()


def test_images_are_uniform_in_every_channel_and_channels_are_independent():
    members, repeated, other = (draw_stacks(4, 8000, np.random.default_rng(s)) for s in (0, 0, 1))
    assert np.array_equal(members, repeated)
    assert not np.array_equal(members, other)
    for channel in range(3):
        assert chisquare(np.bincount(members[:, channel], minlength=4)).pvalue > 1e-3
    triples = members @ [1, 4, 16]
    assert chisquare(np.bincount(triples, minlength=64)).pvalue > 1e-3


@pytest.mark.parametrize("digit", range(10))
def test_any_digit_can_be_removed(digits, digit):
    images, labels = digits
    remaining, remaining_labels = without_digit(images, labels, digit)
    assert set(remaining_labels) == set(range(10)) - {digit}
    assert np.array_equal(remaining, images[labels != digit])


def test_pixels_are_intensities_or_binary_at_a_threshold_of_one_half(grey):
    assert torch.equal(pixel_values(grey, "none"), torch.arange(256) / 255)
    assert torch.equal(pixel_values(grey, "threshold"), (torch.arange(256) / 255 > 0.5).float())


def test_dynamic_pixels_are_white_with_the_probability_of_their_grey_level(grey):
    uses, generator = 2000, torch.Generator()
    white, repeated, other = (
        pixel_values(grey.expand(uses, -1), "dynamic", generator.manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert torch.equal(white, repeated)
    assert not torch.equal(white, other)
    assert set(white.unique().tolist()) == {0.0, 1.0}
    tails = binom.cdf(white.sum(dim=0), uses, np.arange(256) / 255)
    assert ((tails > 1e-5) & (tails < 1 - 1e-5))[1:-1].all()
    assert (white[:, 0] == 0).all()
    assert (white[:, 255] == 1).all()


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda: without_digit(np.zeros((1, 28, 28)), np.zeros(1), 10), "digit: 10, expected 0 t"),
        (lambda: pixel_values(torch.zeros(2).byte(), "grey"), "mode: 'grey', expected one of dyn"),
        (lambda: pixel_values(torch.zeros(2), "none"), "images: torch.float32, expected uint8"),
    ],
)
def test_impossible_arguments_are_refused(compute, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        compute()
