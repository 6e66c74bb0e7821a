"""Plots of figures and networks show the data that they are given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from pipelines.figures import CLASSES, NetworkClassifier, draw_figures
from pipelines.figures.data.dataset import Figures
from pipelines.figures.network import Activation, Conv2d, Dense, Dropout, MaxPool2d, Network
from pipelines.figures.plots.classifier import draw_classifier
from pipelines.figures.plots.figures import (
    first_layer_weights,
    misclassified_figures,
    noise_free_figures,
    sample_figures,
    show_predictions,
)
from pipelines.figures.plots.network import network_drawing
from pipelines.pictures import save_picture

PLAIN = [
    *(Dense(20), Activation("relu"), Dense(10), Activation("tanh")),
    *(Dense(4), Activation("sigmoid")),
]
CONVOLUTIONAL = [
    *(Conv2d(8, 5), MaxPool2d(2), Activation("relu"), Dropout(0.25)),
    *(Conv2d(3, 3), Activation("gelu"), *PLAIN),
]


@pytest.fixture
def figures():
    return draw_figures(40, 10, 0.1, True, np.random.default_rng(0))


def images_in(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def texts_in(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def shapes_in(figure, kind):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, kind)]


def units_in(figure):
    return len(shapes_in(figure, Circle))


def random_network(layers, *shape):
    network = Network.zeros(layers, shape)
    network.vector[:] = np.random.default_rng(0).normal(size=network.vector.size)
    return network


def test_samples_are_the_first_figures_of_each_class_in_columns_below_one_without_noise(figures):
    images, labels = figures
    grid = np.array([images[labels == label][:3] for label in range(4)]).swapaxes(0, 1)
    plain = sample_figures(images, labels)
    np.testing.assert_array_equal(images_in(plain), grid.reshape(12, 10, 10))
    assert [axes.get_title() for axes in plain.axes[:4]] == list(CLASSES)

    clean = noise_free_figures(10, True)
    sheet = sample_figures(images, labels, noise_free=clean)
    np.testing.assert_array_equal(images_in(sheet), [*clean, *grid.reshape(12, 10, 10)])
    assert [axes.get_ylabel() for axes in sheet.axes[::4]] == ["no noise", *["with noise"] * 3]

    present = labels != CLASSES.index("circle")
    without_circles = sample_figures(images[present], labels[present])
    assert len(images_in(without_circles)) == 9
    assert texts_in(without_circles) == ["none"]


@pytest.mark.parametrize("centred", [True, False])
def test_noise_free_figures_are_one_of_each_class_with_clean_lines(centred):
    cross, _, horizontal, vertical = noise_free_figures(20, centred)
    assert set(np.ptp(horizontal[horizontal.any(axis=1)], axis=0)) <= {0}
    assert set(np.ptp(vertical[:, vertical.any(axis=0)], axis=1)) <= {0}
    assert cross.any(axis=0).sum() == cross.any(axis=1).sum()
    assert cross.any(axis=1).all() == centred, "a centred figure fills the canvas"


def test_the_six_most_confident_mistakes_are_shown_with_their_probabilities(figures):
    images, labels = figures
    correct = np.eye(4)[labels]
    figure = misclassified_figures(images, labels, correct)
    assert figure.texts[-1].get_text() == "Every figure is classified correctly."

    wrong = correct.copy()
    for index, confidence in enumerate((0.6, 0.9, 0.7, 0.5, 0.8, 0.55, 0.95)):
        wrong[index] = (1 - confidence) / 3
        wrong[index, (labels[index] + 1) % 4] = confidence
    figure = misclassified_figures(images, labels, wrong, "Mistakes of cnn")
    np.testing.assert_array_equal(images_in(figure), images[[6, 1, 4, 2, 0, 5]])
    assert figure.get_suptitle() == "Mistakes of cnn: 7 of 40"
    assert figure.get_supxlabel().startswith("The 6 with the largest probability of a wrong class")

    probabilities = [0.1, 0.2, 0.65, 0.05]
    labels = np.array([CLASSES.index("circle")])
    single = misclassified_figures(images[:1], labels, np.array([probabilities]))
    picture, bars = single.axes[:2]
    assert picture.get_title(loc="left") == "true: circle, predicted: horizontal"
    assert [bar.get_width() for bar in bars.patches] == probabilities
    assert [tick.get_text() for tick in bars.get_yticklabels()] == list(CLASSES)
    cross, circle, horizontal, vertical = (bar.get_facecolor() for bar in bars.patches)
    assert cross == vertical
    assert len({cross, circle, horizontal}) == 3


def test_predictions_are_a_correct_one_of_each_class_with_its_probability(figures):
    images, labels = figures
    actual = np.array(CLASSES)[labels]
    predicted = actual.copy()
    predicted[[2, 3, 5]] = ["circle" if name == "cross" else "cross" for name in actual[[2, 3, 5]]]
    table = pd.DataFrame(np.full((40, 4), 0.75), columns=list(CLASSES))
    table = table.assign(index=range(40), actual=actual, predicted=predicted)
    figure = Figure()
    show_predictions(figure, images, table)
    correct = [
        np.flatnonzero((actual == name) & (predicted == name))[0] for name in sorted(CLASSES)
    ]
    np.testing.assert_array_equal(images_in(figure), images[correct])
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [f"{name} 75.0%" for name in sorted(CLASSES)]


def test_weights_of_the_first_layer_are_images_on_one_scale_symmetric_about_zero():
    weights = np.random.default_rng(0).normal(size=(1000, 7, 7))
    narrow = first_layer_weights(weights[:3], ("a", "b", "c"))
    assert [axes.get_title() for axes in narrow.axes if axes.images] == ["a", "b", "c"]
    np.testing.assert_array_equal(images_in(narrow), weights[:3])
    largest = np.abs(weights[:3]).max()
    limits = {axes.images[0].get_clim() for axes in narrow.axes if axes.images}
    assert limits == {(-largest, largest)}

    weights[700] *= 10
    wide = first_layer_weights(weights, title="demo")
    names = [axes.get_title() for axes in wide.axes if axes.images]
    assert len(names) == 16
    assert names[0] == "unit 701"
    assert wide.get_suptitle() == "demo, the 16 largest of 1,000 units"
    with pytest.raises(ValueError, match="weights must be images"):
        first_layer_weights(weights.reshape(1000, 49))


def test_every_layer_of_a_network_is_labelled_and_softmax_on_top_is_a_further_column():
    plain = network_drawing(random_network(PLAIN, 900))
    assert units_in(plain) == 8 + 8 + 8 + 4, "of a wide layer eight units are drawn"
    single = network_drawing(random_network([Dense(1), Activation("relu")], 9))
    assert units_in(single) == 9 + 1
    labels = {"900", "20", "10", "4", "pixels", "relu", "tanh", "sigmoid", *CLASSES}
    assert labels <= set(texts_in(plain))
    topped = network_drawing(random_network([*PLAIN, Activation("softmax")], 900))
    assert units_in(topped) == units_in(plain) + 4
    assert labels | {"softmax", "no weights"} <= set(texts_in(topped))
    assert topped.get_suptitle() == plain.get_suptitle() == "Network: 18,274 parameters"


def test_images_are_stacks_of_squares_with_the_receptive_field_of_the_next_layer():
    figure = network_drawing(random_network(CONVOLUTIONAL, 30, 30, 1))
    texts = texts_in(figure)
    assert [text for text in texts if "×" in text] == [
        *("30×30", "26×26×8", "5×5 filters", "13×13×8", "2×2 maximum"),
        *("11×11×3", "3×3 filters"),
    ]
    roles = ["input", "hidden 1", "pooled", "hidden 2", "hidden 3", "hidden 4", "output"]
    assert [text for text in texts if text in roles] == roles
    assert {"relu", "dropout 0.25", "gelu", "tanh", "sigmoid", *CLASSES} <= set(texts)
    assert units_in(figure) == 8 + 8 + 4
    squares = shapes_in(figure, Rectangle)
    seen = [each.get_width() for each in squares if each.get_facecolor()[3] == 0]
    images = [each.get_width() for each in squares if each.get_facecolor()[3] == 1]
    assert len(images) == 1 + 5 + 5 + 3, "of a stack at most five images are drawn"
    pixel = max(images) / 30
    assert sorted({round(each / pixel) for each in images}) == [11, 13, 26, 30]
    assert [round(each / pixel) for each in seen] == [5, 2, 3]


def test_connections_are_red_where_weights_are_positive_and_blue_where_negative():
    network = Network.zeros([Dense(1), Activation("sigmoid")], (3,))
    network.vector[:3] = 1.0, -1.0, 0.5
    (lines,) = network_drawing(network).axes[0].collections
    red, _, blue, _ = lines.get_color().T
    starts = [segment[0, 1] for segment in lines.get_segments()]
    assert dict(zip(starts, red > blue, strict=True)) == {1.0: True, 0.0: False, -1.0: True}
    assert starts[0] == -1.0, "the weakest connection must be drawn first, below the others"


def test_the_same_input_gives_the_same_bytes_also_for_a_network_that_diverged(figures, tmp_path):
    images, labels = figures
    weights, diverged = (
        np.random.default_rng(0).normal(size=(5, 10, 10)),
        np.full((4, 9, 9), np.nan),
    )
    far = Network.zeros([Dense(4), Activation("sigmoid")], (100,))
    far.vector[:] = np.nan
    probabilities = np.random.default_rng(1).dirichlet(np.ones(4), size=40)
    for draw in (
        lambda: sample_figures(images, labels),
        lambda: misclassified_figures(images, labels, probabilities, limit=3),
        lambda: first_layer_weights(weights),
        lambda: network_drawing(random_network(PLAIN, 100)),
        lambda: network_drawing(random_network(CONVOLUTIONAL, 20, 20, 1)),
        lambda: first_layer_weights(diverged),
        lambda: network_drawing(far),
    ):
        for name in ("one", "two"):
            save_picture(draw(), tmp_path / name)
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_convolutional_classifier_has_every_plot_and_shows_its_filters(figures):
    images, labels = figures
    layers = [Conv2d(6, 3), Activation("relu"), MaxPool2d(2), Dropout(0.5)]
    classifier = NetworkClassifier(layers, epochs=1, image_shape=(10, 10, 1), random_state=0)
    test = Figures(images, labels)
    history = pd.DataFrame(classifier.fit(test.pixels, labels).history_)
    pictures = dict(draw_classifier("conv", classifier, history, test, centred=True))
    curves_and_weights = {"loss_curves", "confusion_matrix", "first_layer_weights", "network"}
    assert set(pictures) == {"figures", "mistakes", *curves_and_weights}
    assert all("conv" in picture.get_suptitle() for picture in pictures.values())
    assert pictures["loss_curves"].axes[0].get_ylabel() == "cross-entropy (nats)"
    assert len(images_in(pictures["figures"])) == 16, "one row must be without noise"
    filters = pictures["first_layer_weights"]
    np.testing.assert_array_equal(images_in(filters), classifier.network_.weights[0][..., 0])
    assert filters.axes[5].get_title() == "filter 6"
    assert {"8×8×6", "4×4×6", "dropout 0.5", *CLASSES} <= set(texts_in(pictures["network"]))
