"""Networks are initialized by their rule and trained in epochs that are reported and stopped."""

import math

import numpy as np
import pytest

from pipelines.figures.network.initialization import draw_weights, per_layer
from pipelines.figures.network.network import Network
from pipelines.figures.network.optimizers import adam, gradient_descent
from pipelines.figures.network.regularization import Penalty
from pipelines.figures.network.training import Examples, evaluate, hold_out, train

LOSS = "categorical_cross_entropy"


def problem(count=60, dtype="float64", seed=0):
    """Three separable clouds, and a network for them."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=count)
    X = (rng.normal(size=(count, 4)) + 3 * np.eye(3, 4)[classes]).astype(dtype)
    network = Network.draw((4, 8, 3), [("tanh",), ("softmax",)], "glorot", rng, dtype)
    return network, Examples(X, np.eye(3, dtype=dtype)[classes])


def settings(**changes):
    return dict(epochs=5, batch_size=7, rng=np.random.default_rng(1), watched={}) | changes


@pytest.mark.parametrize("batch_size", [1, 7, 59, 60])
def test_an_epoch_is_a_step_on_each_batch_of_a_fresh_permutation(batch_size):
    network, examples = problem()
    manual, _ = problem()
    update = gradient_descent(network.parameters, 0.1, 0.0, Penalty())
    history = train(network, LOSS, update, examples, **settings(epochs=3, batch_size=batch_size))

    rng = np.random.default_rng(1)
    for epoch in range(3):
        losses = []
        order = rng.permutation(60)
        for start in range(0, 60, batch_size):
            batch = order[start : start + batch_size]
            x, t = examples.X[batch], examples.targets[batch]
            (w1, w2), (b1, b2) = manual.parameters.weights, manual.parameters.biases
            a1 = np.tanh(x @ w1.T + b1)
            z2 = a1 @ w2.T + b2
            a2 = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
            losses += (-np.log((a2 * t).sum(axis=1))).tolist()
            delta2 = (a2 - t) / len(batch)
            delta1 = (delta2 @ w2) * (1 - a1**2)
            w2 -= 0.1 * delta2.T @ a1
            b2 -= 0.1 * delta2.sum(axis=0)
            w1 -= 0.1 * delta1.T @ x
            b1 -= 0.1 * delta1.sum(axis=0)
        assert history[epoch]["train/loss"] == pytest.approx(np.mean(losses))
    np.testing.assert_allclose(network.parameters.vector, manual.parameters.vector, rtol=1e-10)


def test_a_row_holds_the_scores_of_all_that_is_watched():
    network, examples = problem()
    _, other = problem(30, seed=5)
    update = adam(network.parameters, 0.01, Penalty())
    rows = []
    options = settings(watched={"validation": other, "test": examples})
    options["listeners"] = [lambda epoch, row: rows.append((epoch, row))]
    history = train(network, LOSS, update, examples, **options)
    parts, scores = ("train", "validation", "test"), ("loss", "accuracy")
    names = [f"{part}/{score}" for part in parts for score in scores]
    assert [list(row) for row in history] == [["epoch", *names]] * 5
    assert rows == list(enumerate(history, 1))
    last = evaluate(network, LOSS, other)
    assert (history[-1]["validation/loss"], history[-1]["validation/accuracy"]) == last


def test_early_stopping_goes_back_to_the_best_parameters():
    network, examples = problem()
    rng = np.random.default_rng(3)
    wrong = Examples(examples.X, np.eye(3)[rng.integers(3, size=60)])
    update = adam(network.parameters, 0.05, Penalty())
    seen = []
    options = settings(epochs=500, watched={"validation": wrong}, patience=4)
    options["listeners"] = [lambda epoch, row: seen.append(network.parameters.vector.copy())]
    history = train(network, LOSS, update, examples, **options)
    losses = [row["validation/loss"] for row in history]
    best = int(np.argmin(losses))
    assert len(history) == best + 1 + 4
    np.testing.assert_array_equal(network.parameters.vector, seen[best])
    assert evaluate(network, LOSS, wrong).loss == losses[best]


def test_training_that_diverges_says_so():
    network, examples = problem(dtype="float32")
    network = Network(network.parameters, [("identity",), ("identity",)])
    update = gradient_descent(network.parameters, 1e6, 0.0, Penalty())
    with pytest.raises(ValueError, match=r"diverged in epoch \d+: .*learning_rate"):
        train(network, "mean_squared_error", update, examples, **settings(epochs=50))


@pytest.mark.parametrize("widths", [(4, 8, 3), (900, 20, 4), (400, 300, 4)])
def test_outputs_for_an_example_are_the_same_alone_and_among_others_but_for_rounding(widths):
    rng = np.random.default_rng(0)
    network = Network.draw(widths, [("tanh",), ("softmax",)], "glorot", rng)
    X = rng.normal(size=(700, widths[0])).astype("f4")
    outputs = network.outputs(X)
    for start, stop in [(0, 0), (0, 1), (0, 256), (3, 300), (255, 700), (699, 700)]:
        np.testing.assert_allclose(
            network.outputs(X[start:stop]), outputs[start:stop], rtol=1e-5, strict=True
        )


def test_bytes_and_floats_of_the_same_pixels_train_the_same_network():
    rng = np.random.default_rng(0)
    pixels = rng.integers(2, size=(50, 9), dtype=np.uint8)
    targets = np.eye(2, dtype="f4")[pixels[:, 0]]
    vectors = []
    for X in (pixels, pixels.astype("f4")):
        network = Network.draw((9, 2), [("softmax",)], 0.1, np.random.default_rng(0))
        update = adam(network.parameters, 0.01, Penalty())
        train(network, LOSS, update, Examples(X, targets), **settings(batch_size=8))
        vectors.append(network.parameters.vector)
    np.testing.assert_array_equal(*vectors)


def test_held_out_examples_and_the_others_are_all_examples():
    _, examples = problem(50)
    learning, validation = hold_out(examples, 0.3, np.random.default_rng(0))
    assert (len(learning.X), len(validation.X)) == (35, 15)
    together = np.vstack([np.hstack(part) for part in (learning, validation)])
    np.testing.assert_array_equal(
        together[np.lexsort(together.T)], np.hstack(examples)[np.lexsort(np.hstack(examples).T)]
    )
    assert len(hold_out(examples, 0.001, np.random.default_rng(0))[1].X) == 1
    with pytest.raises(ValueError, match="validation_fraction="):
        hold_out(examples, 0.999, np.random.default_rng(0))


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


def test_each_layer_may_have_its_own():
    assert per_layer("he", 2) == ["he", "he"]
    assert per_layer([100, "he"], 2) == [100, "he"]
    rng = np.random.default_rng(0)
    network = Network.draw((50, 40, 3), [("relu",), ("sigmoid",)], [100, 0.1], rng)
    first, second = network.parameters.weights
    assert np.abs(first).max() > 90
    assert np.abs(second).max() <= 0.1
    assert not any(biases.any() for biases in network.parameters.biases)


@pytest.mark.parametrize("initialization", ["xavier", 0, -1.0, math.nan, math.inf, True, None])
def test_other_initializations_are_refused(initialization):
    with pytest.raises(ValueError, match="initialization="):
        draw_weights(initialization, 2, 2, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"initialization": [0.1, 0.1, 0.1]}, "sequence of 2"),
        ({"initialization": {0.1, 0.2}}, "sequence of 2"),
        ({"widths": (3, 2)}, "widths="),
        ({"widths": (3,), "chain": []}, "widths="),
        ({"widths": (3, 0, 2)}, "widths="),
        ({"widths": (3, 2.5, 2)}, "widths="),
        ({"chain": [("relu",), ("swish",)]}, "activation='swish'"),
        ({"dtype": "float16"}, "dtype='float16'"),
    ],
)
def test_an_impossible_architecture_is_refused(change, message):
    possible = {"widths": (3, 2, 2), "chain": [("relu",)] * 2, "initialization": 0.1}
    with pytest.raises(ValueError, match=message):
        Network.draw(**possible | change, rng=np.random.default_rng(0))
