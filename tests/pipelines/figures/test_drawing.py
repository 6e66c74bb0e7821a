"""Figures and their noise match their definitions, in pixels and in probabilities."""

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.figures import CLASSES, draw_figures, split_indices
from pipelines.figures.data.drawing import MINIMUM_SIZE, add_noise, bernoulli

CROSS, CIRCLE, HORIZONTAL, VERTICAL = range(4)

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(MINIMUM_SIZE, 40)


def draw(count, size, noise, centred, seed):
    return draw_figures(count, size, noise, centred, np.random.default_rng(seed))


def possible_crosses(side):
    rows, columns = np.mgrid[:side, :side]
    for falling, rising in product((0, 1), repeat=2):
        yield (abs(rows - columns) <= falling) | (abs(rows - (side - 1 - columns)) <= rising)


def possible_circles(side):
    middle = radius = (side - 1) / 2
    rows, columns = np.mgrid[:side, :side]
    distance = np.sqrt((rows - middle) ** 2 + (columns - middle) ** 2)
    for half_width in (0.8, 0.9, 1.1, 1.2):
        yield abs(distance - radius) <= half_width


def are_horizontal_lines(square):
    """Return whether lines start in row 0 or 1 and have gaps of 4 to 6 rows up to the end."""
    side = len(square)
    rows = np.flatnonzero(square[:, 0])
    full = np.zeros_like(square)
    full[rows] = 1
    return (
        np.array_equal(square, full)
        and rows[0] in (0, 1)
        and set(np.diff(rows)) <= {4, 5, 6}
        and side - rows[-1] <= 6
    )


def is_figure(square, label):
    if label == CROSS:
        return any(np.array_equal(square, cross) for cross in possible_crosses(len(square)))
    if label == CIRCLE:
        return any(np.array_equal(square, circle) for circle in possible_circles(len(square)))
    return are_horizontal_lines(square if label == HORIZONTAL else square.T)


def squares_of(image):
    """Return all possible squares of off-centre figures."""
    size = len(image)
    for side in range(int(np.ceil(0.3 * size)), int(0.8 * size) + 1):
        for top, left in product((0, size - side), repeat=2):
            square = image[top : top + side, left : left + side]
            if square.sum() == image.sum() > 0:
                yield square


@settings(max_examples=25)
@given(size=sizes, seed=seeds)
def test_a_centred_figure_matches_its_definition_pixel_by_pixel(size, seed):
    images, labels = draw(8, size, 0.0, True, seed)
    assert all(is_figure(image, label) for image, label in zip(images, labels, strict=True))


@settings(max_examples=25)
@given(size=sizes, seed=seeds)
def test_an_off_centre_figure_fills_a_square_of_allowed_side_in_a_corner(size, seed):
    images, labels = draw(8, size, 0.0, False, seed)
    for image, label in zip(images, labels, strict=True):
        assert any(is_figure(square, label) for square in squares_of(image))


def test_off_centre_figures_use_every_side_and_every_corner_evenly():
    # The circle touches all four edges of its square, so its bounding box is the square.
    images, labels = draw(8_000, 20, 0.0, False, seed=1)
    circles = images[labels == CIRCLE]
    in_rows, in_columns = circles.any(axis=2), circles.any(axis=1)
    sides = in_rows.sum(axis=1)
    corners = 2 * in_rows[:, -1] + in_columns[:, -1]
    assert set(sides) == set(range(6, 17))
    assert stats.chisquare(np.bincount(sides)[6:]).pvalue > 1e-4
    assert stats.chisquare(np.bincount(corners, minlength=4)).pvalue > 1e-4


def test_each_diagonal_is_thick_a_third_of_the_time():
    images, labels = draw(16_000, 10, 0.0, True, seed=2)
    crosses = images[labels == CROSS]
    thick_falling, thick_rising = crosses[:, 0, 1], crosses[:, 0, -2]
    for times in (thick_falling.sum(), thick_rising.sum()):
        assert stats.binomtest(int(times), len(crosses), 1 / 3).pvalue > 1e-4
    both = int((thick_falling & thick_rising).sum())
    assert stats.binomtest(both, len(crosses), 1 / 9).pvalue > 1e-4


def test_ring_widths_are_equally_likely():
    images, labels = draw(16_000, 30, 0.0, True, seed=3)
    areas = images[labels == CIRCLE].sum(axis=(1, 2))
    # At this size, two of the four widths give the same ring.
    expected = Counter(int(circle.sum()) for circle in possible_circles(30))
    drawn = Counter(areas.tolist())
    assert drawn.keys() == expected.keys()
    for area, widths in expected.items():
        assert stats.binomtest(drawn[area], len(areas), widths / 4).pvalue > 1e-4


def test_gaps_between_lines_are_equally_likely_and_drawn_for_every_line():
    images, labels = draw(4_000, 30, 0.0, True, seed=4)
    positions = [np.flatnonzero(image[:, 0]) for image in images[labels == HORIZONTAL]]
    first_gaps = np.array([rows[1] - rows[0] for rows in positions])
    second_gaps = np.array([rows[2] - rows[1] for rows in positions])
    pairs = np.bincount(3 * (first_gaps - 4) + second_gaps - 4, minlength=9)
    assert stats.chisquare(pairs).pvalue > 1e-4


def test_vertical_figures_are_transposed_horizontal_ones():
    images, labels = draw(8_000, 10, 0.0, False, seed=5)
    horizontal = {image.tobytes() for image in images[labels == HORIZONTAL]}
    vertical = {image.T.tobytes() for image in images[labels == VERTICAL]}
    assert horizontal == vertical


@settings(max_examples=30)
@given(
    count=st.integers(1, 60), size=sizes, noise=st.floats(0, 1), centred=st.booleans(), seed=seeds
)
def test_batches_are_binary_balanced_and_repeatable(count, size, noise, centred, seed):
    images, labels = draw(count, size, noise, centred, seed)
    assert images.shape == (count, size, size)
    assert images.dtype == np.uint8
    assert images.max() <= 1
    per_class = np.bincount(labels, minlength=len(CLASSES))
    assert len(per_class) == 4
    assert per_class.max() - per_class.min() <= 1
    for array, again in zip((images, labels), draw(count, size, noise, centred, seed), strict=True):
        np.testing.assert_array_equal(again, array)


def test_another_seed_gives_other_figures_in_another_order():
    for array, other in zip(*(draw(100, 30, 0.1, False, seed) for seed in (0, 1)), strict=True):
        assert not np.array_equal(array, other)


def test_figures_beyond_the_first_internal_batch_are_balanced_and_drawn():
    images, labels = draw(12, 400, 0.0, True, seed=6)
    assert np.bincount(labels).tolist() == [3, 3, 3, 3]
    assert len({image.tobytes() for image in images}) > 6
    assert all(
        is_figure(image, label) for image, label in zip(images[-2:], labels[-2:], strict=True)
    )


@pytest.mark.parametrize("noise", [0.003, 0.1, 0.5, 1.0])
def test_noise_sets_and_clears_pixels_with_the_probabilities_that_follow_from_it(noise):
    # noise is drawn last, so the figures of one internal batch do not depend on it
    clean, noisy = (draw(2_000, 10, level, True, seed=7)[0] for level in (0.0, noise))
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
    # At noise 1, every pixel of the figure moves, so set pixels are those where one landed.
    (clean, labels), (noisy, _) = (draw(2_000, 10, noise, True, seed=8) for noise in (0.0, 1.0))
    landed_on = (clean & noisy)[labels == HORIZONTAL].sum(axis=(0, 1))
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
    z_score = (pairs - 1e4) / np.sqrt(1e6 * (0.01 * 0.99 + 2 * 0.001 * 0.9))
    assert abs(z_score) < 4


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"size": 6}, "size must be at least 7 pixels, got 6"),
        ({"noise": 1.5}, "noise must be a probability between 0 and 1, got 1.5"),
        ({"noise": float("nan")}, "noise must be a probability between 0 and 1, got nan"),
    ],
)
def test_invalid_arguments_are_refused_by_name(changed, message):
    arguments = {"count": 4, "size": 10, "noise": 0.1, "centred": True, **changed}
    with pytest.raises(ValueError, match=message):
        draw_figures(**arguments, rng=np.random.default_rng(0))


@given(
    count=st.integers(20, 500),
    weights=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    seed=seeds,
)
def test_splits_are_disjoint_and_complete_and_their_sizes_within_one_of_the_fractions(
    count, weights, seed
):
    fractions = [weight / sum(weights) for weight in weights]
    splits = split_indices(count, fractions, np.random.default_rng(seed))
    assert sorted(np.concatenate(splits).tolist()) == list(range(count))
    for indices, fraction in zip(splits, fractions, strict=True):
        assert abs(len(indices) - fraction * count) < 1


def test_equal_remainders_favour_the_earlier_split_and_the_seed_determines_the_order():
    # The fractions of 715 are 500.5, 143 and 71.5.
    splits, again, other = (
        split_indices(715, (0.7, 0.2, 0.1), np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert [len(indices) for indices in splits] == [501, 143, 71]
    np.testing.assert_array_equal(splits[0], again[0])
    assert not np.array_equal(splits[0], other[0])


@pytest.mark.parametrize(
    ("count", "fractions", "message"),
    [
        (100, (0.7, 0.2), "must be positive and sum to 1"),
        (100, (0.7, 0.5, -0.2), "must be positive and sum to 1"),
        (100, (float("nan"), 0.5), "must be positive and sum to 1"),
        (3, (0.9, 0.05, 0.05), "must leave no split empty"),
    ],
)
def test_invalid_splits_are_refused(count, fractions, message):
    with pytest.raises(ValueError, match=message):
        split_indices(count, fractions, np.random.default_rng(0))
