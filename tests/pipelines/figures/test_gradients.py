"""Gradients and optimizers against PyTorch, and gradients against finite differences."""

from functools import partial

import numpy as np
import pytest
import torch

from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.network.backpropagation import TrainingStep, fuse
from pipelines.figures.network.losses import LOSSES
from pipelines.figures.network.network import Network
from pipelines.figures.network.optimizers import Update, adam, gradient_descent
from pipelines.figures.network.parameters import Parameters
from pipelines.figures.network.regularization import Penalty
from pipelines.figures.network.training import Examples, evaluate

WIDTHS = (5, 4, 3, 3)
COUNT = 6
RATE = 0.05
TORCH_ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": torch.nn.functional.gelu,
    "softmax": lambda z: torch.softmax(z, dim=1),
}
PENALTIES = [Penalty(), Penalty(l1=0.03), Penalty(l2=0.2), Penalty(l1=0.03, l2=0.2)]
OPTIMIZERS = {
    "sgd": (partial(gradient_descent, momentum=0.0), torch.optim.SGD),
    "momentum": (partial(gradient_descent, momentum=0.9), partial(torch.optim.SGD, momentum=0.9)),
    "adam": (adam, torch.optim.Adam),
}
OUTPUTS = [(name,) for name in ACTIVATIONS] + [(name, "softmax") for name in ACTIVATIONS]


def clamped(a):
    precision = torch.finfo(a.dtype).eps
    return a.clamp(precision, 1 - precision)


TORCH_LOSSES = {
    "mean_squared_error": torch.nn.functional.mse_loss,
    "binary_cross_entropy": lambda a, t: torch.nn.functional.binary_cross_entropy(clamped(a), t),
    "categorical_cross_entropy": lambda a, t: -(t * clamped(a).log()).sum(dim=1).mean(),
}


def problem(hidden, output, seed=0):
    """A network with three layers of random weights and biases, and examples."""
    rng = np.random.default_rng(seed)
    network = Network.draw(WIDTHS, [(hidden,), (hidden,), output], 1.0, rng, "float64")
    network.parameters.vector[:] = rng.normal(scale=0.6, size=network.parameters.vector.shape)
    X = rng.normal(size=(COUNT, WIDTHS[0]))
    targets = np.eye(WIDTHS[-1])[rng.integers(WIDTHS[-1], size=COUNT)]
    return network, Examples(X, targets)


def gradient_of(network, loss, penalty, examples):
    gradient = network.parameters.zeros_like()
    operations = penalty.add_gradient(network.parameters.all_weights, gradient.all_weights)
    update = Update(gradient, scale=1.0, keep=(0.0, 0.0), finish=operations)
    chain, joint_loss = fuse(network.chain, loss)
    step = TrainingStep(network.parameters, chain, joint_loss, update, *examples, COUNT)
    step(np.arange(COUNT))
    return gradient


def torch_parameters(network):
    """Return weights and biases as tensors."""
    arrays = network.parameters.weights, network.parameters.biases
    return [[torch.tensor(array, requires_grad=True) for array in kind] for kind in arrays]


def torch_loss(network, parameters, loss, X, targets):
    a = torch.tensor(X)
    for w, b, names in zip(*parameters, network.chain, strict=True):
        a = a @ w.T + b
        for name in names:
            a = TORCH_ACTIVATIONS[name](a)
    return TORCH_LOSSES[loss](a, torch.tensor(targets))


def torch_penalty(weights, penalty):
    return sum(penalty.l1 * w.abs().sum() + penalty.l2 / 2 * (w**2).sum() for w in weights)


@pytest.mark.parametrize("penalty", PENALTIES, ids=["plain", "l1", "l2", "both"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", OUTPUTS, ids="+".join)
def test_gradients_are_those_of_autograd(output, loss, penalty):
    for hidden in ACTIVATIONS:
        network, examples = problem(hidden, output)
        weights, biases = parameters = torch_parameters(network)
        value = torch_loss(network, parameters, loss, *examples)
        (value + torch_penalty(weights, penalty)).backward()
        gradient = gradient_of(network, loss, penalty, examples)
        found = [*gradient.weights, *gradient.biases]
        for ours, theirs in zip(found, [*weights, *biases], strict=True):
            np.testing.assert_allclose(ours, theirs.grad, rtol=1e-9, atol=1e-11, err_msg=hidden)
        assert evaluate(network, loss, examples).loss == pytest.approx(value.item(), rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", OUTPUTS, ids="+".join)
def test_gradients_are_those_of_finite_differences(output, loss):
    penalty, rng = Penalty(l1=0.3, l2=0.7), np.random.default_rng(2)
    for hidden in ACTIVATIONS:
        network, examples = problem(hidden, output, seed=1)
        gradient = gradient_of(network, loss, penalty, examples)
        arrays = [*network.parameters.weights, *network.parameters.biases]
        gradients = [*gradient.weights, *gradient.biases]
        for array, slopes in zip(arrays, gradients, strict=True):
            original, direction = array.copy(), rng.normal(size=array.shape)
            values = []
            for length in (-1e-6, 1e-6):
                array[:] = original + length * direction
                data_loss = evaluate(network, loss, examples).loss
                values.append(data_loss + penalty.value(network.parameters.all_weights))
            array[:] = original
            slope = (values[1] - values[0]) / 2e-6
            assert np.sum(slopes * direction) == pytest.approx(slope, rel=1e-5, abs=1e-7), hidden


def with_constant_output(output, biases):
    """A network of two outputs that depend on its biases alone, and examples of the first class."""
    parameters = Parameters.zeros((1, 2), np.dtype("float32"))
    parameters.biases[0][:] = biases
    targets = np.tile(np.float32([1, 0]), (COUNT, 1))
    return Network(parameters, [(output,)]), Examples(np.zeros((COUNT, 1), "f4"), targets)


@pytest.mark.parametrize(
    ("output", "loss", "slope", "value"),
    [
        ("sigmoid", "binary_cross_entropy", 0.5, 1000),
        ("softmax", "categorical_cross_entropy", 1.0, 2000),
    ],
)
def test_a_saturated_and_wrong_output_still_has_its_full_gradient(output, loss, slope, value):
    network, examples = with_constant_output(output, [-1000, 1000])
    gradient = gradient_of(network, loss, Penalty(), examples).biases[0]
    np.testing.assert_allclose(gradient, [-slope, slope])
    assert evaluate(network, loss, examples).loss == pytest.approx(value)


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "categorical_cross_entropy"])
def test_probabilities_outside_their_range_have_a_finite_loss_and_no_gradient(loss):
    network, examples = with_constant_output("identity", [-3, 7])
    assert not gradient_of(network, loss, Penalty(), examples).vector.any()
    assert np.isfinite(evaluate(network, loss, examples).loss)


@pytest.mark.parametrize("penalty", PENALTIES, ids=["plain", "l1", "l2", "both"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_hundred_steps_end_where_pytorch_ends(name, penalty):
    rng, loss = np.random.default_rng(0), "categorical_cross_entropy"
    network = Network.draw((6, 5, 3), [("tanh",), ("softmax",)], "glorot", rng, "float64")
    X, targets = rng.normal(size=(12, 6)), np.eye(3)[rng.integers(3, size=12)]
    weights, biases = parameters = torch_parameters(network)
    ours, theirs = OPTIMIZERS[name]
    optimizer = theirs([*weights, *biases], lr=RATE)
    chain, joint_loss = fuse(network.chain, loss)
    update = ours(network.parameters, RATE, penalty=penalty)
    step = TrainingStep(network.parameters, chain, joint_loss, update, X, targets, 5)
    for _ in range(100):
        batch = rng.permutation(12)[:5]
        step(batch)
        optimizer.zero_grad()
        value = torch_loss(network, parameters, loss, X[batch], targets[batch])
        (value + torch_penalty(weights, penalty)).backward()
        optimizer.step()
    found = [*network.parameters.weights, *network.parameters.biases]
    for mine, other in zip(found, [*weights, *biases], strict=True):
        np.testing.assert_allclose(mine, other.detach(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "penalty", "steps"),
    [("momentum", Penalty(), 64 * 24), ("sgd", Penalty(l2=3.0), 64 * 12)],
)
def test_what_decays_without_a_gradient_ends_at_zero_and_not_among_subnormal_numbers(
    name, penalty, steps
):
    network = Network.draw((6, 3), [("softmax",)], "glorot", np.random.default_rng(0))
    update = OPTIMIZERS[name][0](network.parameters, RATE, penalty=penalty)
    X = np.float32([[1] * 6, [0] * 6])
    chain, loss = fuse(network.chain, "categorical_cross_entropy")
    step = TrainingStep(network.parameters, chain, loss, update, X, np.eye(2, 3, dtype="f4"), 1)
    step(np.array([0]))
    for _ in range(steps - 1):
        step(np.array([1]))
    assert not update.accumulator.all_weights.any()
