"""Optimizers against those of PyTorch, step by step."""

from functools import partial

import numpy as np
import pytest
import torch

from pipelines.figures.network.backpropagation import TrainingStep, fuse
from pipelines.figures.network.network import Network
from pipelines.figures.network.optimizers import adam, gradient_descent
from pipelines.figures.network.regularization import Penalty

COUNT, BATCH, RATE = 12, 5, 0.05
PENALTIES = [Penalty(), Penalty(l1=0.03), Penalty(l2=0.2), Penalty(l1=0.03, l2=0.2)]
OPTIMIZERS = {
    "sgd": (partial(gradient_descent, momentum=0.0), torch.optim.SGD),
    "momentum": (
        partial(gradient_descent, momentum=0.9),
        partial(torch.optim.SGD, momentum=0.9),
    ),
    "adam": (adam, torch.optim.Adam),
}


@pytest.mark.parametrize("penalty", PENALTIES, ids=["plain", "l1", "l2", "both"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_hundred_steps_end_where_pytorch_ends(name, penalty):
    rng = np.random.default_rng(0)
    network = Network.draw((6, 5, 3), [("tanh",), ("softmax",)], "glorot", rng, "float64")
    parameters = network.parameters
    X, classes = rng.normal(size=(COUNT, 6)), rng.integers(3, size=COUNT)
    ours, theirs = OPTIMIZERS[name]
    weights = [torch.tensor(w, requires_grad=True) for w in parameters.weights]
    biases = [torch.tensor(b, requires_grad=True) for b in parameters.biases]
    optimizer = theirs([*weights, *biases], lr=RATE)
    chain, loss = fuse(network.chain, "categorical_cross_entropy")
    update = ours(parameters, RATE, penalty=penalty)
    step = TrainingStep(parameters, chain, loss, update, X, np.eye(3)[classes], BATCH)

    for _ in range(100):
        batch = rng.permutation(COUNT)[:BATCH]
        step(batch)
        optimizer.zero_grad()
        hidden = torch.tanh(torch.tensor(X[batch]) @ weights[0].T + biases[0])
        logits = hidden @ weights[1].T + biases[1]
        objective = torch.nn.functional.cross_entropy(logits, torch.tensor(classes[batch]))
        for w in weights:
            objective = objective + penalty.l1 * w.abs().sum() + penalty.l2 / 2 * (w**2).sum()
        objective.backward()
        optimizer.step()

    for mine, other in zip(
        [*parameters.weights, *parameters.biases], [*weights, *biases], strict=True
    ):
        np.testing.assert_allclose(mine, other.detach().numpy(), rtol=1e-7, atol=1e-9)


def trained_on_nothing(name, penalty, steps):
    """A network and its update, after one example and then many steps without any input."""
    network = Network.draw((6, 3), [("softmax",)], "glorot", np.random.default_rng(0))
    update = OPTIMIZERS[name][0](network.parameters, RATE, penalty=penalty)
    X = np.zeros((2, 6), "f4")
    X[0] = 1
    chain, loss = fuse(network.chain, "categorical_cross_entropy")
    step = TrainingStep(network.parameters, chain, loss, update, X, np.eye(2, 3, dtype="f4"), 1)
    step(np.array([0]))
    for _ in range(steps - 1):
        step(np.array([1]))
    return network, update


def test_a_velocity_without_a_gradient_ends_at_zero_and_not_among_subnormal_numbers():
    _, update = trained_on_nothing("momentum", Penalty(), steps=64 * 24)
    assert not update.accumulator.all_weights.any()


def test_weights_that_only_a_penalty_moves_end_at_zero_and_not_among_subnormal_numbers():
    network, _ = trained_on_nothing("sgd", Penalty(l2=3.0), steps=64 * 12)
    assert not network.parameters.all_weights.any()
