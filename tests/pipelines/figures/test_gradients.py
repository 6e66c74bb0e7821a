"""Gradients of whole networks against PyTorch's autograd and against finite differences."""

from itertools import product

import numpy as np
import pytest
import torch

from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.network.backpropagation import TrainingStep, fuse
from pipelines.figures.network.losses import LOSSES
from pipelines.figures.network.network import Network
from pipelines.figures.network.optimizers import Update
from pipelines.figures.network.parameters import Parameters
from pipelines.figures.network.regularization import Penalty
from pipelines.figures.network.training import Examples, evaluate

WIDTHS = (5, 4, 3, 3)
COUNT = 6
TORCH_ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": torch.nn.functional.gelu,
    "softmax": lambda z: torch.softmax(z, dim=1),
}
PENALTIES = [Penalty(), Penalty(l1=0.3), Penalty(l2=0.7)]
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
    """The gradient that the package computes."""
    gradient = network.parameters.zeros_like()
    operations = penalty.add_gradient(network.parameters.all_weights, gradient.all_weights)
    update = Update(gradient, scale=1.0, keep=(0.0, 0.0), finish=operations)
    chain, joint_loss = fuse(network.chain, loss)
    step = TrainingStep(network.parameters, chain, joint_loss, update, *examples, COUNT)
    step(np.arange(COUNT))
    return gradient


def gradient_of_torch(network, loss, penalty, examples):
    """Loss and gradient by PyTorch."""
    weights = [torch.tensor(w, requires_grad=True) for w in network.parameters.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in network.parameters.biases]
    a = torch.tensor(examples.X)
    for w, b, names in zip(weights, biases, network.chain, strict=True):
        a = a @ w.T + b
        for name in names:
            a = TORCH_ACTIVATIONS[name](a)
    value = TORCH_LOSSES[loss](a, torch.tensor(examples.targets))
    total = value + sum(penalty.l1 * w.abs().sum() + penalty.l2 / 2 * (w**2).sum() for w in weights)
    total.backward()
    return value.item(), [w.grad.numpy() for w in weights], [b.grad.numpy() for b in biases]


@pytest.mark.parametrize("penalty", PENALTIES, ids=["plain", "l1", "l2"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", OUTPUTS, ids="+".join)
def test_gradients_are_those_of_autograd(output, loss, penalty):
    for hidden in ACTIVATIONS:
        network, examples = problem(hidden, output)
        value, weights, biases = gradient_of_torch(network, loss, penalty, examples)
        gradient = gradient_of(network, loss, penalty, examples)
        for ours, theirs in zip(
            [*gradient.weights, *gradient.biases], [*weights, *biases], strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11, err_msg=hidden)
        assert evaluate(network, loss, examples).loss == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", OUTPUTS, ids="+".join)
def test_gradients_are_those_of_finite_differences(output, loss):
    penalty, rng = Penalty(l1=0.3, l2=0.7), np.random.default_rng(2)
    for hidden in ACTIVATIONS:
        network, examples = problem(hidden, output, seed=1)
        gradient = gradient_of(network, loss, penalty, examples)
        for array, slopes in zip(
            [*network.parameters.weights, *network.parameters.biases],
            [*gradient.weights, *gradient.biases],
            strict=True,
        ):
            original, direction = array.copy(), rng.normal(size=array.shape)
            values = []
            for length in (-1e-6, 1e-6):
                array[:] = original + length * direction
                data_loss = evaluate(network, loss, examples).loss
                values.append(data_loss + penalty.value(network.parameters.all_weights))
            array[:] = original
            slope = (values[1] - values[0]) / 2e-6
            assert np.sum(slopes * direction) == pytest.approx(slope, rel=1e-5, abs=1e-7), hidden


@pytest.mark.parametrize(
    ("output", "loss"),
    [("sigmoid", "binary_cross_entropy"), ("softmax", "categorical_cross_entropy")],
)
def test_a_saturated_and_wrong_output_still_has_its_full_gradient(output, loss):
    parameters = Parameters.zeros((1, 2), np.dtype("float32"))
    parameters.biases[0][:] = [-1000, 1000]
    network = Network(parameters, [(output,)])
    examples = Examples(np.zeros((COUNT, 1), "f4"), np.tile(np.float32([1, 0]), (COUNT, 1)))
    gradient = gradient_of(network, loss, Penalty(), examples).biases[0]
    share = 1.0 if output == "softmax" else 0.5
    np.testing.assert_allclose(gradient, [-share, share])
    expected = {"softmax": 2000, "sigmoid": 1000}[output]
    assert evaluate(network, loss, examples).loss == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "categorical_cross_entropy"])
def test_probabilities_outside_their_range_have_a_finite_loss_and_no_gradient(loss):
    parameters = Parameters.zeros((1, 2), np.dtype("float32"))
    parameters.biases[0][:] = [-3, 7]
    network = Network(parameters, [("identity",)])
    examples = Examples(np.zeros((COUNT, 1), "f4"), np.tile(np.float32([1, 0]), (COUNT, 1)))
    assert not gradient_of(network, loss, Penalty(), examples).vector.any()
    assert np.isfinite(evaluate(network, loss, examples).loss)


def test_every_activation_and_loss_has_its_reference():
    assert set(TORCH_ACTIVATIONS) == set(ACTIVATIONS)
    assert set(TORCH_LOSSES) == set(LOSSES)
    assert len(list(product(OUTPUTS, LOSSES))) == 2 * len(ACTIVATIONS) * len(LOSSES)
