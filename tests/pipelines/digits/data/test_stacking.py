"""Digits are stacked, left out and turned into pixels as the data modes say."""

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


def test_each_channel_of_a_stack_is_the_image_its_label_names(digits):
    images, labels = digits
    members = draw_stacks(len(images), 100, np.random.default_rng(1))
    stacks, names = stacked_images(images, members), stacked_labels(labels, members)
    assert stacks.shape == (100, 28, 28, 3)
    assert stacks.dtype == np.uint8
    for stack, name, trio in zip(stacks, names, members, strict=True):
        ones, tens, hundreds = (int(labels[member]) for member in trio)
        assert name == ones + 10 * tens + 100 * hundreds
        for channel, member in enumerate(trio):
            assert np.array_equal(stack[:, :, channel], images[member])


def test_the_largest_label_does_not_overflow_the_bytes_of_mnist():
    assert stacked_labels(np.array([9], dtype=np.uint8), np.zeros((1, 3), int)).tolist() == [999]


def test_the_digits_of_a_stack_are_read_back_from_its_label(digits):
    _, labels = digits
    members = draw_stacks(len(labels), 100, np.random.default_rng(1))
    assert np.array_equal(channel_digits(stacked_labels(labels, members), 3), labels[members])


def test_the_same_seed_draws_the_same_stacks_and_another_seed_others():
    first, again = (draw_stacks(50, 20, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, draw_stacks(50, 20, np.random.default_rng(4)))


def test_every_image_is_as_likely_in_every_channel_and_channels_are_independent():
    members = draw_stacks(4, 8000, np.random.default_rng(0))
    for channel in range(3):
        assert chisquare(np.bincount(members[:, channel], minlength=4)).pvalue > 1e-3
    triples = members @ [1, 4, 16]
    assert chisquare(np.bincount(triples, minlength=64)).pvalue > 1e-3


def test_joining_undoes_splitting(digits):
    images, _ = digits
    stacks = stacked_images(images, draw_stacks(len(images), 7, np.random.default_rng(0)))
    singles = split_channels(stacks)
    assert singles.shape == (21, 28, 28)
    assert np.array_equal(singles[4], stacks[1, :, :, 1])
    assert np.array_equal(join_channels(singles, 3), stacks)


@pytest.mark.parametrize("digit", range(10))
def test_any_digit_can_be_the_missing_one(digits, digit):
    images, labels = digits
    kept, kept_labels = without_digit(images, labels, digit)
    assert set(kept_labels) == set(range(10)) - {digit}
    assert np.array_equal(kept, images[labels != digit])


def test_what_is_no_digit_cannot_be_left_out(digits):
    with pytest.raises(ValueError, match=r"^digit: 10, 0 to 9 expected$"):
        without_digit(*digits, 10)


def test_float_pixels_are_shares_of_white(grey):
    assert torch.equal(pixel_values(grey, "float"), torch.arange(256) / 255)


def test_binary_pixels_are_white_above_one_half(grey):
    assert torch.equal(pixel_values(grey, "binary"), (torch.arange(256) / 255 > 0.5).float())


def test_bernoulli_pixels_are_white_as_often_as_their_grey_level_says(grey):
    uses = 2000
    white = pixel_values(grey.expand(uses, -1), "bernoulli", torch.Generator().manual_seed(0))
    assert set(white.unique().tolist()) == {0.0, 1.0}
    tails = binom.cdf(white.sum(dim=0), uses, np.arange(256) / 255)
    assert ((tails > 1e-5) & (tails < 1 - 1e-5))[1:-1].all()
    assert (white[:, 0] == 0).all()
    assert (white[:, 255] == 1).all()


def test_bernoulli_pixels_are_drawn_anew_at_every_use_and_alike_from_the_same_seed(grey):
    generator = torch.Generator().manual_seed(0)
    first, second = (pixel_values(grey, "bernoulli", generator) for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(first, pixel_values(grey, "bernoulli", generator.manual_seed(0)))


def test_an_unknown_pixel_mode_is_refused(grey):
    with pytest.raises(ValueError, match=r"^mode: 'grey', one of bernoulli, binary, float"):
        pixel_values(grey, "grey")


def test_pixels_that_are_floats_already_are_refused(grey):
    with pytest.raises(ValueError, match=r"^images: torch.float32, uint8 expected$"):
        pixel_values(grey.float(), "float")
