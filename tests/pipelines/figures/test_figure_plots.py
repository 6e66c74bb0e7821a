"""Pictures of figures and networks show what they were given, in every odd case too."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from pipelines.figures import CLASSES, draw_figures
from pipelines.figures.plots.figures import (
    first_layer_weights,
    misclassified_figures,
    sample_figures,
)
from pipelines.figures.plots.network import network_drawing
from pipelines.pictures import save_picture

DEMO_1 = (900, 20, 10, 4)
EXTREMES = (100, 1000, 100, 1, 20, 10, 4)


@pytest.fixture
def figures():
    return draw_figures(40, 10, 0.1, True, np.random.default_rng(0))


def images_in(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def texts_in(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def random_weights(widths, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in pairwise(widths)]


def bytes_of(figure, folder):
    save_picture(figure, folder / "picture.png")
    return (folder / "picture.png").read_bytes()


def test_samples_are_the_first_figures_of_each_class_in_rows(figures):
    images, labels = figures
    shown = images_in(sample_figures(images, labels))
    expected = [image for label in range(4) for image in images[labels == label][:8]]
    np.testing.assert_array_equal(shown, expected)


def test_an_absent_class_has_an_empty_row_of_samples(figures):
    images, labels = figures
    present = labels != CLASSES.index("circle")
    figure = sample_figures(images[present], labels[present])
    assert len(images_in(figure)) == 24
    assert texts_in(figure) == ["none"]


def test_the_most_confident_mistakes_come_first_up_to_the_limit(figures):
    images, labels = figures
    probabilities = np.eye(4)[labels]
    for index, confidence in ((3, 0.6), (5, 0.9), (8, 0.7)):
        probabilities[index] = (1 - confidence) / 3
        probabilities[index, (labels[index] + 1) % 4] = confidence
    figure = misclassified_figures(images, labels, probabilities, limit=2)
    np.testing.assert_array_equal(images_in(figure), images[[5, 8]])
    assert figure.get_suptitle() == (
        "Misclassified figures: 3 of 40, the 2 most confident mistakes"
    )


def test_a_mistake_tells_what_the_network_believed(figures):
    images, labels = np.zeros((1, 10, 10)), np.array([CLASSES.index("circle")])
    figure = misclassified_figures(images, labels, np.array([[0.1, 0.2, 0.65, 0.05]]))
    picture, bars = figure.axes
    assert picture.get_title(loc="left") == "circle, taken for horizontal"
    assert [bar.get_width() for bar in bars.patches] == [0.1, 0.2, 0.65, 0.05]
    assert [tick.get_text() for tick in bars.get_yticklabels()] == list(CLASSES)


def test_without_mistakes_the_picture_says_so(figures):
    images, labels = figures
    figure = misclassified_figures(images, labels, np.eye(4)[labels])
    assert [text.get_text() for text in figure.texts] == [
        "Misclassified figures",
        "None: all 40 figures were recognised.",
    ]


def test_every_unit_of_a_narrow_first_layer_is_shown_as_an_image():
    weights = np.random.default_rng(0).normal(size=(49, 3))
    figure = first_layer_weights(weights, 7, unit_names=("a", "b", "c"))
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == ["a", "b", "c"]
    np.testing.assert_array_equal(images_in(figure), weights.T.reshape(3, 7, 7))


def test_a_wide_first_layer_is_represented_by_the_units_of_largest_norm():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(49, 1000))
    weights[:, 700] *= 10
    figure = first_layer_weights(weights, 7)
    shown = [axes.get_title() for axes in figure.axes if axes.images]
    assert len(shown) == 32
    assert shown[0] == "unit 701"
    assert figure.get_suptitle() == ("First-layer weights: 32 of 1,000 units, largest norm first")


@pytest.mark.parametrize("units", [1, 20])
def test_images_of_weights_share_one_scale_symmetric_about_zero(units):
    weights = np.random.default_rng(0).normal(size=(49, units))
    figure = first_layer_weights(weights, 7)
    limits = {axes.images[0].get_clim() for axes in figure.axes if axes.images}
    largest = np.abs(weights).max()
    assert limits == {(-largest, largest)}


def test_weights_of_another_canvas_are_refused():
    with pytest.raises(ValueError, match="weights must have 100 rows, a row per pixel"):
        first_layer_weights(np.zeros((49, 4)), 10)


@pytest.mark.parametrize(
    ("widths", "units_drawn"), [((900, 4), 8 + 4), (DEMO_1, 8 + 8 + 8 + 4), ((9, 1), 9 + 1)]
)
def test_narrow_layers_are_drawn_whole_and_wide_ones_by_eight_units(widths, units_drawn):
    figure = network_drawing(widths, ["relu"] * (len(widths) - 1))
    assert sum(isinstance(patch, Circle) for patch in figure.axes[0].patches) == units_drawn


def test_every_layer_is_labelled_with_its_width_and_its_activation():
    activations = ["relu", "tanh", "sigmoid", "identity", "relu", "sigmoid"]
    texts = texts_in(network_drawing(EXTREMES, activations, random_weights(EXTREMES)))
    for label in ("100", "1,000", "1", "20", "10", "4", "pixels", *activations, *CLASSES):
        assert label in texts


def test_a_softmax_layer_on_top_is_a_further_column_without_weights():
    activations = ["relu", "tanh", "sigmoid"]
    plain = network_drawing(DEMO_1, activations, random_weights(DEMO_1))
    topped = network_drawing(DEMO_1, [*activations, "softmax"], random_weights(DEMO_1))
    assert len(topped.axes[0].patches) == len(plain.axes[0].patches) + 4
    assert {"softmax", "no weights"} <= set(texts_in(topped))


def test_connections_are_red_where_weights_are_positive_and_blue_where_negative():
    weights = [np.array([[1.0], [-1.0], [0.5]])]
    (lines,) = network_drawing((3, 1), ["sigmoid"], weights).axes[0].collections
    assert isinstance(lines, LineCollection)
    red, _, blue, _ = lines.get_color().T
    starts = [segment[0, 1] for segment in lines.get_segments()]
    is_red = dict(zip(starts, red > blue, strict=True))
    assert is_red == {1.0: True, 0.0: False, -1.0: True}
    # The strongest connections lie on top, so the weakest is drawn first.
    assert starts[0] == -1.0


def test_drawings_of_networks_that_diverged_are_still_made(tmp_path):
    broken = [np.full((900, 4), np.nan)]
    assert bytes_of(network_drawing((900, 4), ["sigmoid"], broken), tmp_path)
    assert bytes_of(first_layer_weights(broken[0], 30), tmp_path)


@pytest.mark.parametrize("activations", [[], ["relu"], ["relu", "tanh", "relu", "tanh", "relu"]])
def test_activations_that_do_not_fit_the_layers_are_refused(activations):
    with pytest.raises(ValueError, match="activations must name one function for each of 3"):
        network_drawing(DEMO_1, activations)


def test_weights_that_do_not_fit_the_widths_are_refused():
    with pytest.raises(ValueError, match=r"weights must have shapes \[\(900, 20\)"):
        network_drawing(DEMO_1, ["relu", "tanh", "sigmoid"], random_weights((900, 10, 10, 4)))


def test_pictures_of_the_same_input_are_the_same_bytes(figures, tmp_path):
    images, labels = figures
    weights = random_weights((100, 5, 4))
    probabilities = np.random.default_rng(1).dirichlet(np.ones(4), size=40)
    for draw in (
        lambda: sample_figures(images, labels),
        lambda: misclassified_figures(images, labels, probabilities, limit=3),
        lambda: first_layer_weights(weights[0], 10),
        lambda: network_drawing((100, 5, 4), ["relu", "sigmoid"], weights),
    ):
        assert bytes_of(draw(), tmp_path) == bytes_of(draw(), tmp_path)


def test_the_true_class_and_the_mistaken_one_have_colours_of_their_own():
    images, labels = np.zeros((1, 10, 10)), np.array([0])
    figure = misclassified_figures(images, labels, np.array([[0.1, 0.2, 0.65, 0.05]]))
    bars = [bar.get_facecolor() for bar in figure.axes[1].patches]
    assert len({bars[0], bars[2], bars[1]}) == 3
    assert bars[1] == bars[3]
