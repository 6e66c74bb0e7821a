"""Initial weights."""

import math

import numpy as np
import pytest

from pipelines.figures.network.initialization import draw_weights, per_layer
from pipelines.figures.network.network import Network


@pytest.mark.parametrize(("initialization", "limit"), [(0.1, 0.1), ("glorot", math.sqrt(6 / 500))])
def test_uniform_weights_fill_their_range_and_stay_inside(initialization, limit):
    weights = draw_weights(initialization, 200, 300, np.random.default_rng(0))
    assert weights.shape == (200, 300)
    assert 0.99 * limit < np.abs(weights).max() <= limit
    assert weights.std() == pytest.approx(limit / math.sqrt(3), rel=0.02)
    assert weights.mean() == pytest.approx(0, abs=0.02 * limit)


def test_he_weights_keep_the_variance_of_what_relu_lets_through():
    rng = np.random.default_rng(0)
    weights = draw_weights("he", 300, 400, rng)
    x = rng.normal(size=(500, 400))
    a = np.maximum(x @ weights.T, 0)
    assert np.mean(a**2) == pytest.approx(np.mean(x**2), rel=0.05)


@pytest.mark.parametrize("initialization", ["xavier", 0, -1.0, math.nan, math.inf, True, None])
def test_other_initializations_are_refused(initialization):
    with pytest.raises(ValueError, match="initialization="):
        draw_weights(initialization, 2, 2, np.random.default_rng(0))


def test_each_layer_may_have_its_own():
    assert per_layer("he", 2) == ["he", "he"]
    assert per_layer([100, "he"], 2) == [100, "he"]
    rng = np.random.default_rng(0)
    network = Network.draw((50, 40, 3), [("relu",), ("sigmoid",)], [100, 0.1], rng)
    first, second = network.parameters.weights
    assert np.abs(first).max() > 90
    assert np.abs(second).max() <= 0.1
    assert not any(biases.any() for biases in network.parameters.biases)


@pytest.mark.parametrize("initialization", [[0.1], [0.1, 0.1, 0.1], {0.1, 0.2}])
def test_a_sequence_of_another_length_is_refused(initialization):
    with pytest.raises(ValueError, match="sequence of 2"):
        per_layer(initialization, 2)


@pytest.mark.parametrize(
    ("widths", "chain", "dtype", "message"),
    [
        ((3, 2), [("relu",), ("relu",)], "float32", "widths="),
        ((3,), [], "float32", "widths="),
        ((3, 0), [("relu",)], "float32", "widths="),
        ((3, 2.5), [("relu",)], "float32", "widths="),
        ((3, 2), [("swish",)], "float32", "activation='swish'"),
        ((3, 2), [("relu",)], "float16", "dtype='float16'"),
    ],
)
def test_an_impossible_architecture_is_refused(widths, chain, dtype, message):
    with pytest.raises(ValueError, match=message):
        Network.zeros(widths, chain, dtype)
