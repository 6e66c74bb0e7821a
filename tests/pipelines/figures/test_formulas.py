"""The network's formulas match PyTorch and finite differences."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from pipelines.figures import draw_figures
from pipelines.figures.network import Activation, Conv2d, Dense, Dropout, MaxPool2d, Network
from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.network.losses import LOSSES
from pipelines.figures.network.network import TrainingStep, fuse
from pipelines.figures.network.optimizers import OPTIMIZERS, SCHEDULES
from pipelines.figures.network.regularization import PENALTIES, clip_norm

RATE = 0.05
OUTPUTS = [(name,) for name in ACTIVATIONS] + [(name, "softmax") for name in ACTIVATIONS]
TORCH_ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "softmax": lambda z: torch.softmax(z, dim=1),
}
TORCH_PENALTIES = {"l1": lambda W: W.abs().sum(), "l2": lambda W: (W**2).sum() / 2}
TORCH_OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.3}),
}


def clamped(a):
    precision = torch.finfo(a.dtype).eps
    return a.clamp(precision, 1 - precision)


TORCH_LOSSES = {
    "mean_squared_error": F.mse_loss,
    "binary_cross_entropy": lambda a, t: F.binary_cross_entropy(clamped(a), t),
    "categorical_cross_entropy": lambda a, t: -(t * clamped(a).log()).sum(dim=1).mean(),
}


def channels_first(function):
    """Apply a function of images `[n, channels, height, width]` to images with channels last."""
    return lambda x, *args: function(x.permute(0, 3, 1, 2), *args).permute(0, 2, 3, 1)


TORCH_LAYERS = {
    Activation: lambda layer, x: TORCH_ACTIVATIONS[layer.name](x),
    Dense: lambda layer, x, W, b: F.linear(x.flatten(1), W, b),
    Conv2d: lambda layer, x, W, b: channels_first(F.conv2d)(x, W.permute(0, 3, 1, 2), b),
    MaxPool2d: lambda layer, x: channels_first(F.max_pool2d)(x, layer.size),
}


def problem(layers, input_shape=(5,), count=6, seed=0):
    """A network in float64 with random weights and biases, inputs and one-hot targets."""
    rng = np.random.default_rng(seed)
    network = Network.zeros(layers, input_shape, "float64")
    network.vector[:] = rng.normal(scale=0.6, size=network.vector.shape)
    X = rng.normal(size=(count, int(np.prod(input_shape))))
    return network, X, np.eye(3)[rng.integers(3, size=count)]


def dense(hidden, *output):
    hidden_layers = [Dense(4), Activation(hidden), Dense(3), Activation(hidden)]
    return [*hidden_layers, Dense(3), *map(Activation, output)]


def value_and_gradient(network, loss, X, targets):
    fused, joint_loss = fuse(network, loss)
    parameters = fused.split(network.vector)
    outputs, saved = fused.forward(X, parameters)
    gradients = fused.backward(joint_loss.gradient(outputs, targets) / len(X), saved, parameters)
    gradient = np.concatenate([array.ravel() for arrays in gradients for array in arrays])
    return joint_loss.value(outputs, targets).mean(), gradient


def torch_value(network, vector, loss, X, targets, penalty=None, penalty_rate=0.0):
    x = torch.tensor(X).reshape(len(X), *network.input_shape)
    parameters = network.split(network.vector)
    pieces = iter(
        vector.split([array.size for layer_arrays in parameters for array in layer_arrays])
    )
    total = 0.0
    for layer, layer_arrays in zip(network.layers, parameters, strict=True):
        arrays = [next(pieces).reshape(array.shape) for array in layer_arrays]
        x = TORCH_LAYERS[type(layer)](layer, x, *arrays)
        if penalty and arrays:
            total = total + penalty_rate * TORCH_PENALTIES[penalty](arrays[0])
    return TORCH_LOSSES[loss](x, torch.tensor(targets)) + total


def check_against_autograd(network, loss, X, targets):
    vector = torch.tensor(network.vector, requires_grad=True)
    expected = torch_value(network, vector, loss, X, targets)
    expected.backward()
    value, gradient = value_and_gradient(network, loss, X, targets)
    np.testing.assert_allclose(gradient, vector.grad, rtol=1e-10, atol=1e-12)
    assert value == pytest.approx(expected.item(), rel=1e-10)


def check_against_differences(network, loss, X, targets):
    _, gradient = value_and_gradient(network, loss, X, targets)
    rng, original = np.random.default_rng(1), network.vector.copy()
    for index_arrays in network.split(np.arange(original.size)):
        direction = np.zeros_like(original)
        for indices in index_arrays:
            direction[indices] = rng.normal(size=indices.shape)
        values = []
        for length in (-1e-6, 1e-6):
            network.vector[:] = original + length * direction
            values.append(value_and_gradient(network, loss, X, targets)[0])
        network.vector[:] = original
        slope = (values[1] - values[0]) / 2e-6
        assert gradient @ direction == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("check", [check_against_autograd, check_against_differences])
@pytest.mark.parametrize("output", OUTPUTS, ids="+".join)
def test_gradients_of_every_activation_and_loss(output, check):
    for hidden in ACTIVATIONS:
        for loss in LOSSES:
            network, X, targets = problem(dense(hidden, *output))
            check(network, loss, X, targets)


IMAGE_LAYERS = [
    *(Conv2d(3, 3), Activation("tanh"), MaxPool2d(2), Conv2d(4, 2), Activation("gelu")),
    *(Dense(5), Activation("tanh"), Dense(3), Activation("softmax")),
]


@pytest.mark.parametrize("check", [check_against_autograd, check_against_differences])
def test_gradients_through_convolutions_and_pools_that_leave_a_row_out(check):
    network, X, targets = problem(IMAGE_LAYERS, (9, 8, 2))
    check(network, "categorical_cross_entropy", X, targets)


@pytest.mark.parametrize("check", [check_against_autograd, check_against_differences])
def test_tied_pixels_of_a_pool_share_the_gradient(check):
    layers = [Conv2d(3, 2), Activation("tanh"), MaxPool2d(2), Dense(3), Activation("softmax")]
    network, X, targets = problem(layers, (7, 7, 1))
    check(network, "categorical_cross_entropy", 0 * X, targets)  # blank: all places are equal


def test_the_input_gradient_of_every_layer_matches_autograd():
    rng = np.random.default_rng(0)
    for layer in (Dense(4), Conv2d(3, 3), MaxPool2d(2), *map(Activation, ACTIVATIONS)):
        x = rng.normal(size=(2, 6) if isinstance(layer, Activation) else (2, 7, 6, 3))
        _, *shapes = layer.shapes(x.shape[1:])
        parameters = [rng.normal(size=shape) for shape in shapes]
        y, saved = layer.forward(x, *parameters)
        dy = rng.normal(size=y.shape)
        dx, *_ = layer.backward(dy, saved, *parameters)
        tensor = torch.tensor(x, requires_grad=True)
        expected = TORCH_LAYERS[type(layer)](layer, tensor, *map(torch.tensor, parameters))
        (expected * torch.tensor(dy)).sum().backward()
        np.testing.assert_allclose(y, expected.detach(), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(dx, tensor.grad, rtol=1e-10, atol=1e-12, err_msg=f"{layer}")


def test_dropout_scales_kept_inputs_and_blocks_gradients_of_dropped_ones():
    layer, x = Dropout(0.3), np.ones((400, 500))
    y, mask = layer.forward(x, rng=np.random.default_rng(0))
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.7])
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.005)
    assert np.abs((y == 0).mean(axis=0) - 0.3).max() < 0.12, "each unit by itself"
    np.testing.assert_array_equal(layer.backward(x, mask)[0], y)


def test_dropout_without_a_generator_is_the_identity():
    layer, x = Dropout(0.3), np.ones((4, 5))
    y, saved = layer.forward(x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(layer.backward(2 * x, saved)[0], 2 * x)


def with_constant_output(output, biases):
    """Return a network with two outputs that depend only on its biases, and examples."""
    network = Network.zeros([Dense(2), Activation(output)], (1,))
    network.vector[2:] = biases
    return network, np.zeros((6, 1), "f4"), np.tile(np.float32([1, 0]), (6, 1))


@pytest.mark.parametrize(
    ("output", "loss", "slope", "expected"),
    [
        ("sigmoid", "binary_cross_entropy", 0.5, 1000),
        ("softmax", "categorical_cross_entropy", 1.0, 2000),
    ],
)
def test_a_saturated_wrong_output_has_its_full_gradient(output, loss, slope, expected):
    network, X, targets = with_constant_output(output, [-1000, 1000])
    value, gradient = value_and_gradient(network, loss, X, targets)
    np.testing.assert_allclose(gradient, [0, 0, -slope, slope])
    assert value == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "categorical_cross_entropy"])
def test_probabilities_outside_their_range_have_a_finite_loss_and_no_gradient(loss):
    network, X, targets = with_constant_output("identity", [-3, 7])
    value, gradient = value_and_gradient(network, loss, X, targets)
    assert not gradient.any()
    assert np.isfinite(value)


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_and_its_gradient_match_autograd(name):
    W = np.random.default_rng(0).normal(size=(4, 3))
    tensor = torch.tensor(W, requires_grad=True)
    expected = TORCH_PENALTIES[name](tensor)
    expected.backward()
    assert PENALTIES[name].value(W) == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(PENALTIES[name].gradient(W), tensor.grad, rtol=1e-12)


@pytest.mark.parametrize("clipped", [None, 0.2])
@pytest.mark.parametrize("penalty", [None, *PENALTIES])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_hundred_steps_match_pytorch(name, penalty, clipped):
    loss, (kind, own) = "categorical_cross_entropy", TORCH_OPTIMIZERS[name]
    network, X, targets = problem(dense("tanh", "softmax"), count=12)
    vector = torch.tensor(network.vector, requires_grad=True)
    theirs, (update, means) = kind([vector], lr=RATE, **own), OPTIMIZERS[name]
    fused, joint_loss = fuse(network, loss)
    rule = PENALTIES[penalty] if penalty else None
    step = TrainingStep(
        fused, joint_loss, lambda *args: update(*args, *own.values()), rule, 0.03, clipped
    )
    state = (network.vector, *(np.zeros_like(network.vector) for _ in range(means)))
    rng, norms = np.random.default_rng(0), []
    for number in range(1, 101):
        batch = rng.permutation(12)[:5]
        _, state = step((X[batch], targets[batch]), state, RATE, number, None)
        theirs.zero_grad()
        torch_value(network, vector, loss, X[batch], targets[batch], penalty, 0.03).backward()
        norms.append(float(vector.grad.norm()))
        if clipped:
            vector.grad *= min(1, clipped / norms[-1])
        theirs.step()
    assert not clipped or max(norms) > clipped
    np.testing.assert_allclose(state[0], vector.detach(), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("limit", [0.1, 3.0, 100.0])
def test_a_gradient_is_clipped_as_by_pytorch(limit):
    g = np.random.default_rng(0).normal(size=50)
    parameter = torch.zeros(50, dtype=torch.float64, requires_grad=True)
    parameter.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_([parameter], limit)  # adds 1e-6 to the norm
    np.testing.assert_allclose(clip_norm(g, limit), parameter.grad, rtol=1e-5)
    assert np.linalg.norm(clip_norm(g, limit)) == pytest.approx(min(limit, np.linalg.norm(g)))


STEPS = 41
TORCH_SCHEDULES = {
    "constant": partial(torch.optim.lr_scheduler.ConstantLR, factor=1.0),
    "cosine": partial(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=STEPS - 1),
    # PyTorch's peak is at step number `pct_start * total_steps - 1`.
    "one_cycle": partial(
        torch.optim.lr_scheduler.OneCycleLR,
        **dict(max_lr=1.0, total_steps=STEPS, pct_start=(0.3 * (STEPS - 1) + 1) / STEPS),
        cycle_momentum=False,
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_match_pytorch(name):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = TORCH_SCHEDULES[name](optimizer)
    for step in range(STEPS):
        expected = optimizer.param_groups[0]["lr"]
        assert SCHEDULES[name](step / (STEPS - 1)) == pytest.approx(expected, rel=1e-9, abs=1e-15)
        optimizer.step()
        if step < STEPS - 1:
            schedule.step()


def test_a_bare_loop_over_the_formulas_learns_the_figures():
    images, labels = draw_figures(400, 10, 0.05, True, np.random.default_rng(0))
    X, targets = images.reshape(400, -1).astype("f4"), np.eye(4, dtype="f4")[labels]
    layers = [Dense(20), Activation("relu"), Dropout(0.1), Dense(4), Activation("softmax")]
    network, rng = Network.zeros(layers, (100,)), np.random.default_rng(0)
    network.draw(["glorot"] * 2, rng)
    fused, loss = fuse(network, "categorical_cross_entropy")
    step = TrainingStep(fused, loss, OPTIMIZERS["adam"].update)
    state = (network.vector, np.zeros_like(network.vector), np.zeros_like(network.vector))
    for number in range(1, 301):
        batch = rng.integers(300, size=32)
        _, state = step((X[batch], targets[batch]), state, 0.01, number, rng)
    assert [each.dtype for each in state] == ["float32"] * 3
    network.vector[:] = state[0]
    outputs = network.outputs(X[300:])
    assert np.mean(outputs.argmax(axis=1) == labels[300:]) > 0.9
