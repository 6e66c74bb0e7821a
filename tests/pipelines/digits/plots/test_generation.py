"""Pictures of generated digits and of anomalies show the images that they are given."""

import numpy as np
import pytest

from pipelines.digits.plots.anomalies import ANOMALOUS, extreme_images, score_histograms
from pipelines.digits.plots.generation import (
    GAP,
    latent_map,
    latent_walks,
    reconstructions,
    sample_grid,
)

SIDE = 28
KINDS = [(SIDE, SIDE), (SIDE, SIDE, 3)]


def shades(count, kind):
    """Plain images, number i of grey level 2 i."""
    levels = 2 * np.arange(count, dtype=np.uint8).reshape(-1, *[1] * len(kind))
    return np.broadcast_to(levels, (count, *kind)).copy()


def shown(axes):
    """The level of each image drawn in a mosaic [rows, columns]; blank cells have -1."""
    drawn = np.asarray(axes.images[0].get_array())
    middles = drawn[GAP + SIDE // 2 :: GAP + SIDE, GAP + SIDE // 2 :: GAP + SIDE]
    if middles.ndim == 3:
        return np.where((middles == 255).all(axis=2), -1, middles[..., 0].astype(int))
    return np.where(middles == 255, 0, 255 - middles.astype(int))


@pytest.mark.parametrize("kind", KINDS)
def test_each_reconstruction_stands_below_its_original(kind):
    originals = shades(10, kind)
    figure = reconstructions(originals, originals + 1, "Test", columns=4, limit=8)
    first, second = figure.axes
    assert shown(first).tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert shown(second).tolist() == [[8, 10, 12, 14], [9, 11, 13, 15]]
    assert [label.get_text() for label in first.get_yticklabels()] == ["original", "reconstruction"]


@pytest.mark.parametrize("kind", KINDS)
def test_samples_fill_the_grid_row_by_row_and_leave_the_rest_blank(kind):
    (axes,) = sample_grid(shades(5, kind) + 2, "Test", columns=3).axes
    blank = -1 if len(kind) == 3 else 0
    assert shown(axes).tolist() == [[2, 4, 6], [8, 10, blank]]


def test_colours_are_drawn_as_the_channels_say():
    stack = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    stack[..., 0], stack[..., 2] = 200, 7
    (axes,) = sample_grid(stack, "Test", columns=1).axes
    assert np.asarray(axes.images[0].get_array())[GAP + 5, GAP + 5].tolist() == [200, 0, 7]


@pytest.mark.parametrize("kind", KINDS)
def test_a_walk_is_a_row_with_its_name(kind):
    images = shades(6, kind).reshape(2, 3, *kind)
    (axes,) = latent_walks(images, ["7 to 2", "1 to 0"], "Test").axes
    assert shown(axes).tolist() == [[0, 2, 4], [6, 8, 10]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["7 to 2", "1 to 0"]


def test_each_digit_that_is_there_is_named_amid_its_latents():
    plane = np.array([[0.0, 0], [2, 2], [9, 9], [9, 9], [9, 9]])
    (axes,) = latent_map(plane, np.array([3, 3, 7, 7, 7]), "Test").axes
    assert {text.get_text(): text.get_position() for text in axes.texts} == {
        "3": (1, 1),
        "7": (9, 9),
    }
    colours = axes.collections[0].get_facecolors()
    assert np.array_equal(colours[0], colours[1])
    assert not np.array_equal(colours[1], colours[2])


@pytest.mark.parametrize("kind", KINDS)
def test_the_extremes_are_in_order_and_true_anomalies_framed(kind):
    images = shades(6, kind)
    scores = np.array([0.3, 0.9, 0.1, 0.5, 0.7, 0.2])
    anomalous = np.array([False, False, True, False, True, False])
    most, least = extreme_images(images, images + 1, scores, anomalous, "Test", count=3).axes
    assert shown(most).tolist() == [[2, 8, 6], [3, 9, 7]]
    assert shown(least).tolist() == [[4, 10, 0], [5, 11, 1]]
    assert [round(frame.get_x() / (SIDE + GAP)) for frame in most.patches] == [1]
    assert [round(frame.get_x() / (SIDE + GAP)) for frame in least.patches] == [0]
    assert most.get_title(loc="left") == "Most anomalous: 1 of 3 are anomalies (framed)"


def test_normal_and_anomalous_images_have_a_histogram_each_for_every_score():
    anomalous = np.arange(100) >= 90
    scores = {"error": np.arange(100.0), "density": -np.arange(100.0)}
    figure = score_histograms(scores, anomalous, "Test")
    error, density = figure.axes
    assert error.get_title(loc="left") == "error\nAUROC 1.000, AP 1.000"
    assert density.get_title(loc="left").startswith("density\nAUROC 0.000")
    strange = [bar for bar in error.patches if bar.get_facecolor()[:3] == as_rgb(ANOMALOUS)]
    assert len(strange) == 49
    assert all(bar.get_height() == 0 for bar in strange if bar.get_x() + bar.get_width() < 90)


def as_rgb(colour):
    return tuple(int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))


def test_panels_without_a_score_are_not_drawn():
    scores = {str(number): np.arange(10.0) for number in range(5)}
    figure = score_histograms(scores, np.arange(10) > 7, "Test")
    assert [axes.get_visible() for axes in figure.axes] == [True] * 5 + [False]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: reconstructions(shades(3, KINDS[0]), shades(2, KINDS[0]), "Test"),
        lambda: sample_grid(shades(0, KINDS[0]), "Test"),
        lambda: latent_walks(shades(6, KINDS[0]).reshape(2, 3, SIDE, SIDE), ["one"], "Test"),
        lambda: latent_map(np.zeros((3, 2)), np.zeros(2, int), "Test"),
        lambda: score_histograms({}, np.arange(10) > 7, "Test"),
        lambda: extreme_images(
            shades(3, KINDS[0]), shades(3, KINDS[0]), np.zeros(2), np.zeros(3, bool), "Test"
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(draw):
    with pytest.raises(ValueError, match=r"expected$"):
        draw()
