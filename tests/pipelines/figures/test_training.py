"""Networks are initialized, trained in epochs, and stopped early as documented."""

import math

import numpy as np
import pytest

from pipelines.figures.hyperparameters import initialization_per_layer
from pipelines.figures.network import Activation, Dense, Network
from pipelines.figures.network.initialization import draw_weights
from pipelines.figures.network.optimizers import OPTIMIZERS, Optimizer
from pipelines.figures.network.regularization import PENALTIES
from pipelines.figures.training import Examples, Trainer, evaluate, hold_out

LOSS = "categorical_cross_entropy"


def network_of(*widths, hidden="tanh", dtype="float64", seed=0):
    layers = [layer for width in widths[1:-1] for layer in (Dense(width), Activation(hidden))]
    network = Network.zeros([*layers, Dense(widths[-1]), Activation("softmax")], widths[:1], dtype)
    network.draw(["glorot"] * len(network.weights), np.random.default_rng(seed))
    return network


def problem(count=60, dtype="float64", seed=0):
    """Return a network and examples of three separable clusters."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(3, size=count)
    X = (rng.normal(size=(count, 4)) + 3 * np.eye(3, 4)[classes]).astype(dtype)
    return network_of(4, 8, 3, dtype=dtype), Examples(X, np.eye(3, dtype=dtype)[classes])


def trained(network, examples, optimizer="sgd", rate=0.1, epochs=5, batch_size=7, **changes):
    """Train a network and return the history."""
    trainer = Trainer(network, LOSS, OPTIMIZERS[optimizer], np.random.default_rng(1))
    course = rate if callable(rate) else lambda progress: rate
    options = dict(epochs=epochs, batch_size=batch_size, learning_rate=course) | changes
    return trainer.train(examples, **options)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 59, 60])
def test_an_epoch_has_one_step_per_batch_of_a_new_permutation(batch_size, weighted):
    network, examples = problem()
    manual, weights = problem()[0], np.ones(60)
    if weighted:
        weights = np.random.default_rng(2).uniform(0, 2, 60)
        examples = examples._replace(weights=weights)
    course = lambda progress: 0.1 * math.cos(progress)  # noqa: E731
    history = trained(network, examples, rate=course, epochs=3, batch_size=batch_size)

    rng, step, last = np.random.default_rng(1), 0, 3 * math.ceil(60 / batch_size) - 1
    (W1, b1), _, (W2, b2), _ = manual.split(manual.vector)
    for epoch in range(3):
        losses = []
        order = rng.permutation(60)
        for start in range(0, 60, batch_size):
            batch = order[start : start + batch_size]
            x, t = examples.X[batch], examples.targets[batch]
            a1 = np.tanh(x @ W1.T + b1)
            z2 = a1 @ W2.T + b2
            a2 = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
            losses += (-np.log((a2 * t).sum(axis=1))).tolist()
            dz2 = (a2 - t) * (weights / np.mean(weights))[batch, None] / len(batch)
            dz1 = (dz2 @ W2) * (1 - a1**2)
            rate = 0.1 * math.cos(step / last)
            W2 -= rate * dz2.T @ a1
            b2 -= rate * dz2.sum(axis=0)
            W1 -= rate * dz1.T @ x
            b1 -= rate * dz1.sum(axis=0)
            step += 1
        expected = np.average(losses, weights=weights[order])
        assert history[epoch]["train/loss"] == pytest.approx(expected)
    np.testing.assert_allclose(network.vector, manual.vector, rtol=1e-9)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_an_integer_weight_is_equivalent_to_repeating_the_example(optimizer):
    weights = np.array([0, 1, 2, 3, 0, 2] * 10)
    vectors, rows = [], []
    for repeated in (False, True):
        network, examples = problem()
        if repeated:
            examples = examples.take(np.repeat(np.arange(60), weights))
        else:
            examples = examples._replace(weights=weights / weights.mean())
        rows.append(trained(network, examples, optimizer, batch_size=len(examples.X)))
        vectors.append(network.vector)
    np.testing.assert_allclose(*vectors, rtol=1e-7)
    assert [pytest.approx(row) for row in rows[0]] == rows[1]


def test_a_row_has_the_scores_of_all_watched_examples():
    network, examples = problem()
    _, other = problem(30, seed=5)
    rows, watched = [], {"validation": other, "test": examples}
    listeners = [lambda epoch, row: rows.append((epoch, row))]
    history = trained(network, examples, watched=watched, listeners=listeners)
    splits, scores = ("train", "validation", "test"), ("loss", "accuracy")
    names = [f"{split}/{score}" for split in splits for score in scores]
    assert [list(row) for row in history] == [["epoch", *names]] * 5
    assert rows == list(enumerate(history, 1))
    last = evaluate(network, LOSS, other)
    assert (history[-1]["validation/loss"], history[-1]["validation/accuracy"]) == last
    outputs = network.outputs(other.X)
    losses = -np.log((outputs * other.targets).sum(axis=1))
    hits = outputs.argmax(axis=1) == other.targets.argmax(axis=1)
    assert last == pytest.approx((losses.mean(), hits.mean()))
    weighted = evaluate(network, LOSS, other._replace(weights=np.arange(30.0)))
    assert weighted == pytest.approx([np.average(a, weights=range(30)) for a in (losses, hits)])


def test_early_stopping_restores_the_best_parameters():
    network, examples = problem()
    wrong = examples._replace(targets=np.eye(3)[np.random.default_rng(3).integers(3, size=60)])
    vectors = []
    listeners = [lambda epoch, row: vectors.append(network.vector.copy())]
    options = dict(epochs=500, watched={"validation": wrong}, patience=4, listeners=listeners)
    history = trained(network, examples, "adam", 0.05, **options)
    losses = [row["validation/loss"] for row in history]
    best = int(np.argmin(losses))
    assert len(history) == best + 1 + 4
    np.testing.assert_array_equal(network.vector, vectors[best])
    assert evaluate(network, LOSS, wrong).loss == losses[best]


def test_diverging_training_raises_an_error():
    _, examples = problem(dtype="float32")
    network = network_of(4, 8, 3, hidden="identity", dtype="float32")
    with pytest.raises(ValueError, match=r"diverged in epoch \d+: .*learning_rate"):
        trained(network, examples._replace(X=1e10 * examples.X), rate=1e30, epochs=50)


@pytest.mark.parametrize(
    ("name", "settings", "penalty"),
    [("momentum", (0.9,), None), ("sgd", (), PENALTIES["l2"])],
)
def test_values_that_decay_become_zero_instead_of_subnormal(name, settings, penalty):
    network, (update, means) = network_of(6, 3, dtype="float32"), OPTIMIZERS[name]
    optimizer = Optimizer(lambda *args: update(*args, *settings), means)
    rules = dict(penalty=penalty, penalty_rate=3.0)
    trainer = Trainer(network, LOSS, optimizer, np.random.default_rng(0), **rules)
    for X in np.ones((1, 6), "f4"), np.zeros((2000, 6), "f4"):
        examples = Examples(X, np.tile(np.eye(1, 3, dtype="f4"), (len(X), 1)))
        trainer.train(examples, epochs=1, batch_size=1, learning_rate=lambda progress: 0.05)
        assert (trainer.network.vector, *trainer.means)[-1][:18].any() == (len(X) == 1)


@pytest.mark.parametrize("widths", [(4, 8, 3), (900, 20, 4), (400, 300, 4)])
def test_outputs_of_an_example_do_not_depend_on_the_batch(widths):
    network = network_of(*widths, dtype="float32")
    X = np.random.default_rng(0).normal(size=(700, widths[0])).astype("f4")
    outputs = network.outputs(X)
    for start, stop in [(0, 1), (0, 256), (3, 300), (255, 700), (699, 700)]:
        np.testing.assert_array_equal(network.outputs(X[start:stop]), outputs[start:stop])


def test_bytes_and_floats_of_the_same_pixels_train_the_same_network():
    rng = np.random.default_rng(0)
    pixels = rng.integers(256, size=(50, 9), dtype=np.uint8)
    targets = np.eye(2, dtype="f4")[pixels[:, 0] // 128]
    networks = [network_of(9, 2, dtype="float32") for _ in range(2)]
    for network, X in zip(networks, (pixels, pixels.astype("f4")), strict=True):
        trained(network, Examples(X, targets), "adam", 0.01, batch_size=8)
    np.testing.assert_array_equal(networks[0].vector, networks[1].vector)


@pytest.mark.parametrize(
    ("counts", "fraction"), [([60, 30, 10], 0.25), ([91, *[1] * 9], 0.1), ([3, 3, 3], 0.5)]
)
def test_held_out_examples_are_stratified_to_within_one_example(counts, fraction):
    classes = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    numbers = np.arange(len(classes))
    examples = Examples(numbers[:, None], np.eye(len(counts))[classes], 1.0 + numbers)
    held_out = []
    for seed in range(200):
        training, validation = hold_out(examples, fraction, np.random.default_rng(seed))
        assert len(validation.X) == round(fraction * len(classes))
        shares = validation.targets.sum(axis=0) - fraction * np.array(counts)
        assert np.abs(shares).max() < 1 + 1e-9
        together = np.vstack([np.column_stack(split) for split in (training, validation)])
        np.testing.assert_array_equal(together[together[:, 0].argsort()], np.column_stack(examples))
        held_out.append(validation.X.ravel())
    assert len(np.unique(held_out)) == len(classes), "each example may be held out"


def test_each_split_of_hold_out_has_at_least_one_example():
    _, examples = problem(50)
    assert len(hold_out(examples, 0.001, np.random.default_rng(0))[1].X) == 1
    with pytest.raises(ValueError, match="validation_fraction="):
        hold_out(examples, 0.999, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("initialization", "shape", "limit"),
    [
        (0.1, (200, 300), 0.1),
        ("glorot", (200, 300), math.sqrt(6 / 500)),
        # As PyTorch's: a filter's inputs are a patch, its outputs all places that a pixel is in.
        ("glorot", (50, 5, 5, 20), math.sqrt(6 / (25 * 20 + 25 * 50))),
    ],
)
def test_uniform_weights_cover_exactly_their_range(initialization, shape, limit):
    weights = draw_weights(initialization, shape, np.random.default_rng(0))
    assert weights.shape == shape
    assert 0.99 * limit < np.abs(weights).max() <= limit
    assert weights.std() == pytest.approx(limit / math.sqrt(3), rel=0.02)
    assert weights.mean() == pytest.approx(0, abs=0.02 * limit)


@pytest.mark.parametrize("shape", [(300, 400), (300, 4, 4, 25)])
def test_he_weights_preserve_the_variance_through_relu(shape):
    rng = np.random.default_rng(0)
    weights = draw_weights("he", shape, rng).reshape(300, 400)
    x = rng.normal(size=(500, 400))
    a = np.maximum(x @ weights.T, 0)
    assert np.mean(a**2) == pytest.approx(np.mean(x**2), rel=0.05)


def test_each_layer_may_have_its_own_initialization():
    assert initialization_per_layer("he", 2) == ["he", "he"]
    assert initialization_per_layer([100, "he"], 2) == [100, "he"]
    network = network_of(50, 40, 3)
    network.vector[:] = 7
    network.draw([100, 0.1], np.random.default_rng(0))
    first, second = network.weights
    assert np.abs(first).max() > 90
    assert np.abs(second).max() <= 0.1
    assert np.count_nonzero(network.vector) == first.size + second.size, "biases are zero"


@pytest.mark.parametrize(
    "initialization",
    ["xavier", 0, -1.0, math.nan, math.inf, True, None, [0.1] * 3, {0.1, 0.2}, [0.1, "xavier"]],
)
def test_unknown_initializations_are_refused(initialization):
    with pytest.raises(ValueError, match="initialization="):
        initialization_per_layer(initialization, 2)
