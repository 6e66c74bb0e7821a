"""Plots of figures and networks show the data that they are given."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.patches import Circle

from pipelines.figures import CLASSES, draw_figures
from pipelines.figures.plots.figures import (
    first_layer_weights,
    misclassified_figures,
    sample_figures,
)
from pipelines.figures.plots.network import network_drawing
from pipelines.pictures import save_picture

WIDTHS = (900, 20, 10, 4)
ACTIVATIONS = ["relu", "tanh", "sigmoid"]


@pytest.fixture
def figures():
    return draw_figures(40, 10, 0.1, True, np.random.default_rng(0))


def images_in(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def texts_in(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def units_in(figure):
    return sum(isinstance(patch, Circle) for patch in figure.axes[0].patches)


def random_weights(*widths):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in pairwise(widths)]


def test_samples_are_the_first_figures_of_each_class_in_rows(figures):
    images, labels = figures
    expected = [image for label in range(4) for image in images[labels == label][:8]]
    np.testing.assert_array_equal(images_in(sample_figures(images, labels)), expected)
    present = labels != CLASSES.index("circle")
    without_circles = sample_figures(images[present], labels[present])
    assert len(images_in(without_circles)) == 24
    assert texts_in(without_circles) == ["none"]


def test_the_most_confident_mistakes_come_first_with_their_probabilities(figures):
    images, labels = figures
    correct = np.eye(4)[labels]
    figure = misclassified_figures(images, labels, correct)
    assert figure.texts[-1].get_text() == "None: all 40 figures were recognised."

    wrong = correct.copy()
    for index, confidence in ((3, 0.6), (5, 0.9), (8, 0.7)):
        wrong[index] = (1 - confidence) / 3
        wrong[index, (labels[index] + 1) % 4] = confidence
    figure = misclassified_figures(images, labels, wrong, limit=2)
    np.testing.assert_array_equal(images_in(figure), images[[5, 8]])
    title = "Misclassified figures: 3 of 40, the 2 most confident mistakes"
    assert figure.get_suptitle() == title

    probabilities = [0.1, 0.2, 0.65, 0.05]
    labels = np.array([CLASSES.index("circle")])
    picture, bars = misclassified_figures(images[:1], labels, np.array([probabilities])).axes
    assert picture.get_title(loc="left") == "circle, taken for horizontal"
    assert [bar.get_width() for bar in bars.patches] == probabilities
    assert [tick.get_text() for tick in bars.get_yticklabels()] == list(CLASSES)
    cross, circle, horizontal, vertical = (bar.get_facecolor() for bar in bars.patches)
    assert cross == vertical
    assert len({cross, circle, horizontal}) == 3


def test_weights_of_the_first_layer_are_images_on_one_scale_symmetric_about_zero():
    weights = np.random.default_rng(0).normal(size=(49, 1000))
    narrow = first_layer_weights(weights[:, :3], 7, unit_names=("a", "b", "c"))
    assert [axes.get_title() for axes in narrow.axes if axes.images] == ["a", "b", "c"]
    np.testing.assert_array_equal(images_in(narrow), weights[:, :3].T.reshape(3, 7, 7))
    largest = np.abs(weights[:, :3]).max()
    limits = {axes.images[0].get_clim() for axes in narrow.axes if axes.images}
    assert limits == {(-largest, largest)}

    weights[:, 700] *= 10
    wide = first_layer_weights(weights, 7)
    names = [axes.get_title() for axes in wide.axes if axes.images]
    assert len(names) == 32
    assert names[0] == "unit 701"
    assert wide.get_suptitle() == "First-layer weights: 32 of 1,000 units, largest norm first"


def test_every_layer_of_a_network_is_labelled_and_softmax_on_top_is_a_further_column():
    plain = network_drawing(WIDTHS, ACTIVATIONS, random_weights(*WIDTHS))
    assert units_in(plain) == 8 + 8 + 8 + 4, "of a wide layer eight units are drawn"
    assert units_in(network_drawing((9, 1), ["relu"])) == 9 + 1
    labels = {"900", "20", "10", "4", "pixels", *ACTIVATIONS, *CLASSES}
    assert labels <= set(texts_in(plain))
    topped = network_drawing(WIDTHS, [*ACTIVATIONS, "softmax"], random_weights(*WIDTHS))
    assert units_in(topped) == units_in(plain) + 4
    assert labels | {"softmax", "no weights"} <= set(texts_in(topped))


def test_connections_are_red_where_weights_are_positive_and_blue_where_negative():
    weights = [np.array([[1.0], [-1.0], [0.5]])]
    (lines,) = network_drawing((3, 1), ["sigmoid"], weights).axes[0].collections
    red, _, blue, _ = lines.get_color().T
    starts = [segment[0, 1] for segment in lines.get_segments()]
    assert dict(zip(starts, red > blue, strict=True)) == {1.0: True, 0.0: False, -1.0: True}
    assert starts[0] == -1.0, "the weakest connection must be drawn first, below the others"


def test_the_same_input_gives_the_same_bytes_also_for_a_network_that_diverged(figures, tmp_path):
    images, labels = figures
    weights, diverged = random_weights(100, 5, 4), np.full((100, 4), np.nan)
    probabilities = np.random.default_rng(1).dirichlet(np.ones(4), size=40)
    for draw in (
        lambda: sample_figures(images, labels),
        lambda: misclassified_figures(images, labels, probabilities, limit=3),
        lambda: first_layer_weights(weights[0], 10),
        lambda: network_drawing((100, 5, 4), ["relu", "sigmoid"], weights),
        lambda: first_layer_weights(diverged, 10),
        lambda: network_drawing((100, 4), ["sigmoid"], [diverged]),
    ):
        for name in ("one", "two"):
            save_picture(draw(), tmp_path / name)
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: first_layer_weights(np.zeros((49, 4)), 10), "weights must have 100 rows"),
        (lambda: network_drawing(WIDTHS, []), "one function for each of 3"),
        (lambda: network_drawing(WIDTHS, ["relu"]), "one function for each of 3"),
        (lambda: network_drawing(WIDTHS, ["relu"] * 5), "one function for each of 3"),
        (
            lambda: network_drawing(WIDTHS, ACTIVATIONS, random_weights(900, 10, 10, 4)),
            r"weights must have shapes \[\(900, 20\)",
        ),
    ],
)
def test_arguments_that_do_not_fit_together_are_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
