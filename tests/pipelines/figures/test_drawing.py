"""Figures are drawn as defined: each class, pixel by pixel, and every choice with its odds."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.figures import CLASSES, draw_figures
from pipelines.figures.data.drawing import MINIMUM_SIZE

CROSS, CIRCLE, HORIZONTAL, VERTICAL = range(4)
CORNERS = ((False, False), (False, True), (True, False), (True, True))

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(MINIMUM_SIZE, 40)


def draw(count, size, noise, centred, seed):
    return draw_figures(count, size, noise, centred, np.random.default_rng(seed))


def possible_crosses(side):
    """Every cross of a square, pixel by pixel."""
    for thick_falling in (0, 1):
        for thick_rising in (0, 1):
            square = np.zeros((side, side), dtype=np.uint8)
            for row in range(side):
                for column in range(side):
                    falling = abs(row - column) <= thick_falling
                    rising = abs(row - (side - 1 - column)) <= thick_rising
                    square[row, column] = falling or rising
            yield square


def possible_circles(side):
    """Every ring of a square, pixel by pixel."""
    middle = radius = (side - 1) / 2
    for half_width in (0.8, 0.9, 1.1, 1.2):
        square = np.zeros((side, side), dtype=np.uint8)
        for row in range(side):
            for column in range(side):
                distance = ((row - middle) ** 2 + (column - middle) ** 2) ** 0.5
                square[row, column] = abs(distance - radius) <= half_width
        yield square


def are_horizontal_lines(square):
    """Whether full rows begin at 0 or 1 and follow 4 to 6 apart until no further one fits."""
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
    """All squares in which an off-centre figure might live."""
    size = len(image)
    for side in range(int(np.ceil(0.3 * size)), int(0.8 * size) + 1):
        for bottom, right in CORNERS:
            top, left = bottom * (size - side), right * (size - side)
            square = image[top : top + side, left : left + side]
            if square.sum() == image.sum() > 0:
                yield square


@settings(max_examples=25)
@given(size=sizes, seed=seeds)
def test_a_centred_figure_is_one_of_its_class_pixel_by_pixel(size, seed):
    images, labels = draw(8, size, 0.0, True, seed)
    assert all(is_figure(image, label) for image, label in zip(images, labels, strict=True))


@settings(max_examples=25)
@given(size=sizes, seed=seeds)
def test_an_off_centre_figure_fills_a_square_of_allowed_side_in_a_corner(size, seed):
    images, labels = draw(8, size, 0.0, False, seed)
    for image, label in zip(images, labels, strict=True):
        assert any(is_figure(square, label) for square in squares_of(image))


@settings(max_examples=25)
@given(size=sizes, centred=st.booleans(), seed=seeds)
def test_a_circle_is_symmetric_about_its_centre(size, centred, seed):
    images, labels = draw(8, size, 0.0, centred, seed)
    for image in images[labels == CIRCLE]:
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        ring = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        for mirrored in (ring[::-1], ring[:, ::-1], ring.T):
            np.testing.assert_array_equal(mirrored, ring)


@settings(max_examples=25)
@given(size=sizes, seed=seeds)
def test_a_centred_cross_is_symmetric_about_both_diagonals(size, seed):
    images, labels = draw(8, size, 0.0, True, seed)
    for image in images[labels == CROSS]:
        np.testing.assert_array_equal(image.T, image)
        np.testing.assert_array_equal(image[::-1, ::-1].T, image)


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
    # At this size two of the four widths give the same ring.
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
    count=st.integers(1, 60),
    size=sizes,
    noise=st.floats(0, 1),
    centred=st.booleans(),
    seed=seeds,
)
def test_batches_are_binary_balanced_and_repeatable(count, size, noise, centred, seed):
    images, labels = draw(count, size, noise, centred, seed)
    assert images.shape == (count, size, size)
    assert images.dtype == np.uint8
    assert images.max() <= 1
    per_class = np.bincount(labels, minlength=len(CLASSES))
    assert len(per_class) == 4
    assert per_class.max() - per_class.min() <= 1
    again, labels_again = draw(count, size, noise, centred, seed)
    np.testing.assert_array_equal(images, again)
    np.testing.assert_array_equal(labels, labels_again)


def test_another_seed_gives_other_figures_in_another_order():
    images, labels = draw(100, 30, 0.1, False, seed=0)
    others, other_labels = draw(100, 30, 0.1, False, seed=1)
    assert not np.array_equal(images, others)
    assert not np.array_equal(labels, other_labels)


def test_figures_beyond_the_first_internal_batch_are_balanced_and_drawn():
    images, labels = draw(12, 400, 0.0, True, seed=6)
    assert np.bincount(labels).tolist() == [3, 3, 3, 3]
    assert len({image.tobytes() for image in images}) > 6
    assert all(
        is_figure(image, label) for image, label in zip(images[-2:], labels[-2:], strict=True)
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"size": 6}, "size must be at least 7 pixels, got 6"),
        ({"noise": 1.5}, "noise must be a probability between 0 and 1, got 1.5"),
        ({"noise": float("nan")}, "noise must be a probability between 0 and 1, got nan"),
    ],
)
def test_impossible_arguments_are_refused_by_name(changed, message):
    arguments = {"count": 4, "size": 10, "noise": 0.1, "centred": True, **changed}
    with pytest.raises(ValueError, match=message):
        draw_figures(**arguments, rng=np.random.default_rng(0))
