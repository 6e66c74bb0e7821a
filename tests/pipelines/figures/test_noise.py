"""Noise moves and sets pixels with the probabilities that its definition implies."""

import numpy as np
import pytest
from scipy import stats

from pipelines.figures import CLASSES, draw_figures
from pipelines.figures.data.drawing import add_noise, bernoulli


def draw(noise, seed):
    """The same clean figures for any noise: so few need one batch, whose noise is drawn last."""
    return draw_figures(2_000, 10, noise, True, np.random.default_rng(seed))


@pytest.mark.parametrize("noise", [0.003, 0.1, 0.5, 1.0])
def test_noise_sets_and_clears_pixels_with_the_probabilities_that_follow_from_it(noise):
    clean, _ = draw(0.0, seed=7)
    noisy, _ = draw(noise, seed=7)
    hit = noise / 100
    set_pixels = clean.sum(axis=(1, 2))
    for amount in np.unique(set_pixels):
        before, after = clean[set_pixels == amount], noisy[set_pixels == amount]
        stays_empty = (1 - noise) * (1 - hit) ** amount
        is_cleared = noise * (1 - 1 / 100) * (1 - hit) ** (amount - 1)
        now_set = int(after[before == 0].sum())
        cleared = int((after[before == 1] == 0).sum())
        assert stats.binomtest(now_set, int((before == 0).sum()), 1 - stays_empty).pvalue > 1e-5
        assert stats.binomtest(cleared, int(before.sum()), is_cleared).pvalue > 1e-5


def test_moved_pixels_land_evenly_over_the_canvas():
    # At noise 1 every pixel of the figure leaves, so those still set were landed upon.
    clean, labels = draw(0.0, seed=8)
    noisy, _ = draw(1.0, seed=8)
    landed_on = (clean & noisy)[labels == CLASSES.index("horizontal")].sum(axis=(0, 1))
    assert landed_on.sum() > 1000
    assert stats.chisquare(landed_on).pvalue > 1e-4


def test_moved_pixels_stay_in_their_own_image():
    images = np.stack([np.zeros((200, 200)), np.ones((200, 200)), np.zeros((200, 200))])
    images = images.astype(np.uint8)
    add_noise(images, 0.1, np.random.default_rng(9))
    for blank in (images[0], images[2]):
        assert stats.binomtest(int(blank.sum()), blank.size, 0.1).pvalue > 1e-4


@pytest.mark.parametrize("probability", [0.0, 1e-4, 0.1, 1 / 256, 0.5, 0.999, 1.0])
def test_bernoulli_draws_keep_their_probability(probability):
    successes = bernoulli(probability, 3_000_001, np.random.default_rng(9))
    assert successes.shape == (3_000_001,)
    assert stats.binomtest(int(successes.sum()), successes.size, probability).pvalue > 1e-4


def test_bernoulli_draws_are_independent_of_their_neighbours():
    successes = bernoulli(0.1, 1_000_000, np.random.default_rng(10))
    pairs = int((successes[1:] & successes[:-1]).sum())
    # Neighbouring pairs overlap: their count has variance n(p^2(1 - p^2) + 2 p^3(1 - p)).
    deviation = (pairs - 1e4) / np.sqrt(1e6 * (0.01 * 0.99 + 2 * 0.001 * 0.9))
    assert abs(deviation) < 4
