"""Plots of digits show the images, scores and probabilities that they are given."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from pipelines.digits.models.training_samples import TrainingSamples
from pipelines.digits.plots.anomalies import ANOMALOUS, extreme_images, score_histograms
from pipelines.digits.plots.generation import (
    GAP,
    latent_walks,
    reconstructions,
    sample_grid,
    samples_during_training,
)
from pipelines.digits.plots.latents import latent_map
from pipelines.digits.plots.verifier import confident_mistakes

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


def row_names(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_each_reconstruction_stands_below_its_original():
    originals = shades(6, KINDS[0])
    first, second = reconstructions(originals, originals + 1, "Test", columns=4).axes
    assert shown(first).tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert shown(second).tolist() == [[8, 10, 0, 0], [9, 11, 0, 0]]
    assert row_names(first) == row_names(second) == ["original", "reconstruction"]


def test_the_reconstruction_of_a_stack_is_followed_by_those_of_its_channels():
    originals = shades(3, KINDS[1])
    originals[..., 1] += 50
    figure = reconstructions(originals, originals + 1, "Test", columns=3)
    assert [axes.get_ylabel() for axes in figure.axes] == ["stack", "red", "green", "blue"]
    assert [shown(axes).tolist() for axes in figure.axes] == [
        [[0, 2, 4], [1, 3, 5]],
        [[0, 2, 4], [1, 3, 5]],
        [[50, 52, 54], [51, 53, 55]],
        [[0, 2, 4], [1, 3, 5]],
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_samples_fill_the_grid_row_by_row_in_their_colours(kind):
    (axes,) = sample_grid(shades(5, kind) + 2, "Test", columns=3).axes
    blank = -1 if len(kind) == 3 else 0
    assert shown(axes).tolist() == [[2, 4, 6], [8, 10, blank]]
    assert not axes.lines
    coloured = np.full((1, SIDE, SIDE, 3), [200, 0, 7], np.uint8)
    (axes,) = sample_grid(coloured, "Test", columns=1).axes
    assert np.asarray(axes.images[0].get_array())[GAP + 5, GAP + 5].tolist() == [200, 0, 7]


@pytest.mark.parametrize("kind", KINDS)
def test_real_digits_form_the_first_row_of_a_grid_above_a_line(kind):
    (axes,) = sample_grid(shades(4, kind), "Test", real=shades(6, kind)[4:], columns=2).axes
    assert shown(axes).tolist() == [[8, 10], [0, 2], [4, 6]]
    assert row_names(axes) == ["real", "generated"]
    (line,) = axes.lines
    assert GAP + SIDE - 0.5 < line.get_ydata()[0] < 2 * GAP + SIDE - 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_walk_is_a_row_with_its_name_and_the_positions_of_its_steps(kind):
    images = shades(6, kind).reshape(2, 3, *kind)
    (axes,) = latent_walks(images, ["7 to 2", "1 to 0"], "Test", ["−1", "0", "1"]).axes
    assert shown(axes).tolist() == [[0, 2, 4], [6, 8, 10]]
    assert row_names(axes) == ["7 to 2", "1 to 0"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["−1", "0", "1"]
    middles = GAP + (SIDE + GAP) * (np.arange(3) + 0.5)
    np.testing.assert_array_equal(axes.get_xticks(), middles)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_during_training_have_a_row_for_each_step_with_its_epoch(kind):
    images = shades(6, kind).reshape(3, 2, *kind)
    samples = TrainingSamples(np.array([0.034, 1.5, 13]), images)
    (axes,) = samples_during_training(samples, "Test").axes
    assert shown(axes).tolist() == [[0, 2], [4, 6], [8, 10]]
    assert row_names(axes) == ["epoch 0.03", "epoch 1.50", "epoch 13"]


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
    figure = extreme_images(images, lambda x: x + 1, scores, anomalous, "Test", count=3)
    most, least = figure.axes
    assert shown(most).tolist() == [[2, 8, 6], [3, 9, 7]]
    assert shown(least).tolist() == [[4, 10, 0], [5, 11, 1]]
    assert [round(frame.get_x() / (SIDE + GAP)) for frame in most.patches] == [1]
    assert [round(frame.get_x() / (SIDE + GAP)) for frame in least.patches] == [0]
    assert most.get_title(loc="left") == "Most anomalous: 1 of 3 are anomalies (framed)"
    assert [label.get_text() for label in most.get_xticklabels()] == ["0.9", "0.7", "0.5"]
    assert [label.get_text() for label in least.get_xticklabels()] == ["0.1", "0.2", "0.3"]


def test_normal_and_anomalous_images_have_a_histogram_each_for_every_score():
    anomalous = np.arange(100) >= 90
    scores = {"error": np.arange(100.0), "density": -np.arange(100.0)}
    more = dict.fromkeys("abc", np.arange(100.0))
    error, density, *others = score_histograms(scores | more, anomalous, "Test").axes
    assert error.get_title(loc="left") == "error\nAUROC 1.000, AP 1.000"
    assert density.get_title(loc="left").startswith("density\nAUROC 0.000")
    highlighted = [bar for bar in error.patches if bar.get_facecolor()[:3] == to_rgb(ANOMALOUS)]
    assert len(highlighted) == 49
    assert all(bar.get_height() == 0 for bar in highlighted if bar.get_x() + bar.get_width() < 90)
    assert [axes.get_visible() for axes in others] == [True] * 3 + [False]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: reconstructions(shades(3, KINDS[0]), shades(2, KINDS[0]), "Test"),
        lambda: sample_grid(shades(0, KINDS[0]), "Test"),
        lambda: latent_walks(shades(6, KINDS[0]).reshape(2, 3, SIDE, SIDE), ["one"], "Test"),
        lambda: latent_map(np.zeros((3, 2)), np.zeros(2, int), "Test"),
        lambda: score_histograms({}, np.arange(10) > 7, "Test"),
        lambda: extreme_images(
            shades(3, KINDS[0]), np.copy, np.zeros(2), np.zeros(3, bool), "Test"
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(draw):
    with pytest.raises(ValueError, match=r"expected$"):
        draw()


def probabilities_of(predicted: list[int], confidence: list[float]) -> np.ndarray:
    """Give a digit the confidence, and divide the rest among the others."""
    probabilities = np.repeat((1 - np.array(confidence)[:, None]) / 9, 10, axis=1)
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities


IMAGES = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 3, 4, 9], dtype=np.uint8)


def test_the_mistakes_alone_are_shown_the_most_confident_first():
    probabilities = probabilities_of([0, 7, 2, 8, 9, 4], [0.99, 0.5, 0.9, 0.8, 0.6, 0.95])
    headings = [
        "9 predicted as 4 (95.0%)",
        "3 predicted as 8 (80.0%)",
        "4 predicted as 9 (60.0%)",
        "1 predicted as 7 (50.0%)",
    ]
    every = "Verifier: 4 of 6 digits misclassified"
    for limit, title in ((20, every), (3, f"{every}, 3 shown")):
        figure = confident_mistakes(IMAGES, LABELS, probabilities, limit=limit)
        pictures = [axes for axes in figure.axes if axes.images]
        bars = [axes for axes in figure.axes if axes.patches]
        assert [axes.get_title(loc="left") for axes in pictures] == headings[:limit]
        shown = [axes.images[0].get_array() for axes in pictures]
        np.testing.assert_array_equal(shown, IMAGES[[5, 3, 4, 1]][:limit])
        widths = [[bar.get_width() for bar in axes.patches] for axes in bars]
        np.testing.assert_allclose(widths, probabilities[[5, 3, 4, 1]][:limit])
        assert figure.get_suptitle() == title
    none = confident_mistakes(IMAGES, LABELS, probabilities_of(LABELS.tolist(), [0.9] * 6))
    assert none.texts[-1].get_text() == "None: all 6 digits are correct."


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_headings_neither_leave_the_picture_nor_touch_each_other(count):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    probabilities = probabilities_of([1] * count, [0.999] * count)
    figure = confident_mistakes(images, np.zeros(count, int), probabilities)
    boxes = [axes._left_title.get_window_extent() for axes in figure.axes if axes.images]
    for index, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert not any(box.overlaps(other) for other in boxes[:index])
