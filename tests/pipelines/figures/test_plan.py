"""A plan gives the results of its function, and reuses buffers."""

import gc
import random
import tracemalloc
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from pipelines.figures.network import Activation, Conv2d, Dense, Dropout, MaxPool2d, Network
from pipelines.figures.network.activations import ACTIVATIONS
from pipelines.figures.network.losses import LOSSES
from pipelines.figures.network.network import TrainingStep, fuse
from pipelines.figures.network.optimizers import OPTIMIZERS
from pipelines.figures.network.plan import Plan, products
from pipelines.figures.network.regularization import PENALTIES

RATES = [(0.03, 1), (0.01, 2), (0.2, 7)]
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
SETTINGS = {"momentum": (0.9,), "adamw": (0.3,)}


def bound(name):
    """Return an optimizer's formula with its settings bound."""
    return lambda *args: OPTIMIZERS[name].update(*args, *SETTINGS.get(name, ()))


UPDATES = {name: bound(name) for name in OPTIMIZERS}


def normal(*shapes):
    """Return a function that draws inputs of the given shapes."""
    return lambda rng: [rng.normal(size=shape) for shape in shapes]


def check_planned_is_eager(function, draw, state, names=(), values=((),) * 3, scale=None):
    """Compare replays with calls of the function, from the same inputs and the same state.

    Errors are relative to `1 + |value|`, or to `scale(inputs, state) + |value|`.
    """
    rng, generators = np.random.default_rng(0), [np.random.default_rng(5) for _ in range(2)]
    inputs, plan_state = draw(rng), [array.copy() for array in state]
    plan = Plan(function, inputs, plan_state, names, generators[0])
    for numbers in values:
        for array, content in zip(inputs, draw(rng), strict=True):
            array[...] = content
        original_inputs, size = (
            [array.copy() for array in inputs],
            scale(inputs, state) if scale else 1.0,
        )
        outputs, new_state = function(inputs, state, *numbers, generators[1])
        expected = [np.array(array) for array in (outputs, *new_state)]
        actual = plan(*numbers)
        for a, b in zip((actual, *plan_state), expected, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            error = np.abs(a.astype("f8") - b) / (size + np.abs(b))
            assert (error <= TOLERANCE.get(b.dtype.name, 0)).all(), f"{error.max()}\n{plan.source}"
        for a, b in zip(inputs, original_inputs, strict=True):
            np.testing.assert_array_equal(a, b, err_msg="an input was written")
        state = expected[1:]
        for array, content in zip(plan_state, state, strict=True):
            array[...] = content
    return plan


def check_step(layers, loss, update, means, *rules, dtype="float64", count=5, shape=(7,), **more):
    """Compare a planned step with the eager step, from non-zero running means."""
    network, rng = Network.zeros(layers, shape, dtype), np.random.default_rng(1)
    network.vector[:] = rng.normal(scale=0.5, size=network.vector.shape)
    fused, joint_loss = fuse(network, loss)
    step = TrainingStep(fused, joint_loss, update, *rules)
    state = [network.vector, *rng.uniform(0.5, 1.5, (means, len(network.vector))).astype(dtype)]

    def draw(rng):
        x = rng.normal(size=(count, int(np.prod(shape))))
        batch = x, np.eye(3)[rng.integers(3, size=count)], rng.uniform(0.5, 2, count)
        return [each.astype(dtype) for each in batch][: 3 if more.get("weighted") else 2]

    def scale(inputs, state):
        """Return the squared largest slope, because 1 / p amplifies the rounding of p."""
        slope = replace(step, update=UPDATES["sgd"], largest_norm=None)
        _, (after,) = slope(inputs, state[:1], 1.0, 1, np.random.default_rng(5))
        return 1 + np.square(after - state[0]).max()

    names = ("learning_rate", "number")
    return check_planned_is_eager(step, draw, state, names, RATES, scale)


def dense(hidden, output):
    return [
        Dense(6),
        Activation(hidden),
        Dense(5),
        Activation(hidden),
        Dense(3),
        Activation(output),
    ]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("penalty", [None, *PENALTIES])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_planned_step_equals_the_eager_step(optimizer, penalty, dtype):
    update, means = UPDATES[optimizer], OPTIMIZERS[optimizer].means
    rules = (PENALTIES[penalty] if penalty else None, 0.02)
    for activation, loss, count in product(ACTIVATIONS, LOSSES, (1, 5, 40)):
        for output in {activation, "softmax"} if count == 5 else {activation}:
            layers = dense(activation, output)
            plan = check_step(layers, loss, update, means, *rules, dtype=dtype, count=count)
            assert "copy_result" not in plan.source, "a call falls back on NumPy"


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("count", [1, 6])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_planned_step_with_images_dropout_clipping_and_weights_equals_the_eager_step(
    optimizer, count, dtype
):
    layers = [
        *(Conv2d(3, 3), Activation("relu"), MaxPool2d(2), Conv2d(4, 2), Activation("gelu")),
        *(Dropout(0.3), Dense(8), Activation("tanh"), Dense(3), Activation("softmax")),
    ]
    for limit, weighted in product((None, 0.5), (False, True)):
        check_step(
            *(layers, "categorical_cross_entropy", UPDATES[optimizer]),
            *(OPTIMIZERS[optimizer].means, PENALTIES["l2"], 0.02, limit),
            **dict(dtype=dtype, count=count, shape=(9, 8, 2), weighted=weighted),
        )


def mish(z):
    return z * np.tanh(np.log1p(np.exp(z)))


def mish_backward(da, z, a):
    t = np.tanh(np.log1p(np.exp(z)))
    return da * (t + z * (1 - np.square(t)) * expit(z))


def lion(w, g, means, eta, t):
    (m,) = means
    direction = np.sign(0.9 * m + (1 - 0.9) * g)
    return w - eta * (direction + 0.1 * w), (0.99 * m + (1 - 0.99) * g,)


def nesterov(w, g, means, eta, t):
    (previous,) = means
    ahead = w - eta * g
    return ahead + (t - 1) / (t + 2) * (ahead - previous), (ahead,)


def memory(function):
    """Return the memory of a function's result, and its peak memory."""
    gc.collect()
    tracemalloc.start()
    result = function()
    gc.collect()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, held, peak


@pytest.mark.parametrize("update", [lion, nesterov])
def test_a_new_activation_and_a_new_optimizer_are_planned_without_further_work(update, monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "mish", (mish, mish_backward))
    loss = "categorical_cross_entropy"
    for dtype, count in product(TOLERANCE, (1, 5, 40)):
        plan = check_step(dense("mish", "softmax"), loss, update, 1, dtype=dtype, count=count)
        assert "copy_result" not in plan.source

    network = Network.zeros([Dense(400), Activation("mish"), Dense(3)], (500,))
    step = TrainingStep(network, LOSSES["mean_squared_error"], update)
    batch = np.ones((40, 500), "f4"), np.ones((40, 3), "f4")
    state = [network.vector, np.zeros_like(network.vector)]
    plan, held, _ = memory(lambda: Plan(step, batch, state, ("learning_rate", "number")))
    assert held < 4 * network.vector.nbytes, "buffers are reused: at most three hold a vector"
    _, _, peak = memory(lambda: plan(0.01, 2))
    assert peak < 10_000, "a replay allocates no array"


def test_buffers_are_reused_along_a_chain():
    def chain(inputs, state, rng):
        (y,) = inputs
        for _ in range(50):
            y = np.exp(np.sin(y) - np.cos(y))
        return y, ()

    x = np.linspace(0, 1, 10_000)
    _, held, _ = memory(lambda: Plan(chain, (x,), ()))
    assert held < 4 * x.nbytes
    check_planned_is_eager(chain, normal(10_000), [])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.where(x > 0, x, 0.1 * x),
        lambda x: np.sort(x, axis=1),
        lambda x: np.pad(x, ((1, 0), (0, 2))),
        lambda x: np.cumsum(x, axis=0) / np.std(x),
        lambda x: x[np.argsort(x[:, 0])],
        lambda x: np.concatenate([x, 2 * x], axis=1),
        lambda x: np.stack([x, -x])[::-1].mean(axis=(0, 2)),
        lambda x: np.concatenate([x.ravel(), np.ones(3)]),
        lambda x: x @ x.T,
        lambda x: sum(2 * row for row in x),
    ],
)
def test_functions_without_a_special_rule_run_unchanged(function):
    def step(inputs, state, rng):
        return function(inputs[0]), (state[0] + np.sum(function(inputs[0])),)

    check_planned_is_eager(step, normal((40, 5)), [np.zeros(4)])


@pytest.mark.parametrize("count", [10, 40])
def test_reductions_along_short_rows_match_numpy(count):
    def step(inputs, state, rng):
        (x,) = inputs
        centred = x - x.max(axis=1, keepdims=True) + np.min(x, 1)[:, None] + x.mean(axis=1)[:, None]
        some = np.sum(x, axis=1, where=np.arange(5) > 2) + np.max(x, axis=-1, initial=0.3)
        return centred * some[:, None], ()

    check_planned_is_eager(step, normal((count, 5)), [])


HALF = slice(None, None, 2)
HAZARDS = [
    lambda x, w, v: (w + v, (v, w)),
    lambda x, w, v: (w + v, (v[::-1], w[::-1])),
    lambda x, w, v: (w * v, (w - 0.1 * w[::-1], v - 0.1 * np.concatenate([v[2:], v[:2]]))),
    lambda x, w, v: (x, (w - 0.1 * x, w)),
    lambda x, w, v: (v + w, (w, 2 * v)),
    lambda x, w, v: (w, (2 * w, v)),  # the outputs are the state as it was
    lambda x, w, v: (w[1:], (w - v, v - w)),
    lambda x, w, v: (x[1:], (x, x[::-1])),
    lambda x, w, v: ((new := 3 * w)[1:3], (new, new)),
    lambda x, w, v: (w * 1, (np.concatenate([w[1::2], w[::2]]), np.concatenate([v[3:], w[:3]]))),
    # The gradient of each half reads the parameters of the other half.
    lambda x, w, v: (
        w - v,
        (
            w - 0.5 * np.concatenate([x[HALF] + 0.1 * w[len(w) // 2 :], w[: len(w) // 2]]),
            v - 0.5 * np.concatenate([0.1 * v[len(v) // 2 :], 0.2 * v[: len(v) // 2]]),
        ),
    ),
    lambda x, w, v: (x - w, (w - v * np.einsum("i,i->", w, v)[None] / len(w), w * np.max(v))),
]


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_state_is_read_before_it_is_overwritten(hazard):
    def step(inputs, state, rng):
        return hazard(*inputs, *state)

    for length in (6, 70_000):
        state = [*np.random.default_rng(1).normal(size=(2, length))]
        check_planned_is_eager(step, normal(length), state)


@pytest.mark.parametrize(
    "hazard",
    [
        lambda x, W, V: (W, (W - 0.1 * np.einsum("ij,jk->ik", W, V), W)),
        lambda x, W, V: (x, (np.einsum("ij,kj->ik", W, W), V - np.einsum("ij,ik->jk", V, W))),
        lambda x, W, V: (W.T, (W - 0.1 * W.T, np.einsum("ij->ji", W))),
        lambda x, W, V: (W @ V, ((W - x @ W).T, x - 0.5 * W - np.einsum("ij,jk->ik", x, V))),
    ],
)
def test_matrices_are_read_before_they_are_overwritten(hazard):
    def step(inputs, state, rng):
        return hazard(*inputs, *state)

    for length in (4, 190):
        state = [*np.random.default_rng(1).normal(size=(2, length, length)) / length]
        check_planned_is_eager(step, normal((length, length)), state)


def random_formula(seed):
    """A random function of arrays, with combinations that are difficult for plans."""

    def formula(inputs, state, rate, rng):
        draw = random.Random(seed)
        vectors = [array for array in (*inputs, *state) if array.ndim == 1]
        matrices = [array for array in (*inputs, *state) if array.ndim == 2]

        def v():
            return draw.choice(vectors)

        def m():
            return draw.choice(matrices)

        makers = [
            lambda: vectors.append(v() + v()),
            lambda: vectors.append(v() - rate * v()),
            lambda: vectors.append(np.tanh(0.5 * v())),
            lambda: vectors.append(np.concatenate([v()[:5], v()[5:]])),
            lambda: vectors.append(np.concatenate([v()[:9], np.einsum("ij,j->i", m(), v()[:3])])),
            lambda: vectors.append(
                v()
                - 0.1
                * np.concatenate(
                    [np.einsum("ij,kj->ik", m(), m()).ravel(), np.einsum("ij->j", m())]
                )
            ),
            lambda: vectors.append(v() / 2 + np.concatenate([(rate * m()).ravel(), m()[0]])),
            lambda: vectors.append(v()[::-1]),
            lambda: vectors.append(v() * np.max(v())),
            lambda: matrices.append(np.einsum("ij,jk->ik", m(), m())),
            lambda: matrices.append(m() - rate * np.einsum("ij,kj->ik", m(), m())),
            lambda: matrices.append(v()[:9].reshape(3, 3)),
            lambda: matrices.append(np.clip(m().T, -1, 1)),
            lambda: matrices.append(np.maximum(m(), 0) - m()),
        ]
        for _ in range(draw.randint(4, 14)):
            draw.choice(makers)()
        return draw.choice([v, m])(), (vectors[-1], v(), matrices[-1])

    return formula


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_plans_of_random_formulas_match_eager_evaluation(first):
    for seed in range(first, first + 50):
        rng = np.random.default_rng(seed)
        inputs = [rng.normal(size=12) / 2, rng.normal(size=(3, 3)) / 2]
        eager = [rng.normal(size=12) / 2, rng.normal(size=12) / 2, rng.normal(size=(3, 3)) / 2]
        planned, formula = [array.copy() for array in eager], random_formula(seed)
        plan = Plan(formula, inputs, planned, ("rate",))
        for _ in range(2):
            outputs, new_state = formula(inputs, eager, 0.3, None)
            eager = [np.array(array) for array in new_state]
            expected = np.array(outputs)
            np.testing.assert_allclose(plan(0.3), expected, 1e-6, 1e-9, err_msg=str(seed))
            for ours, theirs in zip(planned, eager, strict=True):
                np.testing.assert_allclose(ours, theirs, 1e-6, 1e-9, err_msg=str(seed))


LENGTHS = {"n": 5, "i": 7, "o": 3, "j": 4}
BY_BLAS = [
    *("ni,oi->no", "ni,io->no", "in,oi->no", "in,io->no", "ni,oi->on", "in,io->on", "no,oi->ni"),
    *("no,ni->oi", "no,n->o", "on,n->o", "n,no->o", "n,on->o", "n,o->no", "n,o->on"),
    *(
        "n,n->",
        "ni,ni->",
        "nij,oij->no",
        "nijo,o->nij",
        "nio,io->n",
        "ni->n",
        "ni->i",
        "nio->o",
        "ni->",
    ),
]
BY_EINSUM = [
    *("nn,n->n", "n,no->n", "no,no->n", "ni,oj->no", "ni->in", "nn->n", "nn->"),
    *("ni,ij,jo->no", "ni,ni->ni", "ni,o->on"),
]


def check_einsum(subscripts, lengths, dtype):
    """Compare `0.5 out - rate einsum(...)` in a plan with `np.einsum`, and return the plan."""

    def step(inputs, state, rate, rng):
        y = np.einsum(subscripts, *inputs, optimize=True)
        return y, (0.5 * state[0] - rate * np.einsum(subscripts, *inputs),)

    *terms, out = ([lengths[i] for i in term] for term in subscripts.replace("->", ",").split(","))
    size = float(np.prod([*lengths.values()]))

    def draw(rng):
        return [rng.normal(size=term).astype(dtype) for term in terms]

    state = [np.ones(out, dtype)]
    return check_planned_is_eager(step, draw, state, ("rate",), [(2.0,), (0.1,)], lambda *_: size)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("subscripts", BY_BLAS + BY_EINSUM)
def test_a_planned_einsum_matches_numpy_also_for_axes_of_length_one(subscripts, dtype):
    for letter in ("", *LENGTHS):
        plan = check_einsum(subscripts, LENGTHS | {letter: 1}, dtype)
        assert ("einsum" in plan.source) == (subscripts in BY_EINSUM)


@pytest.mark.parametrize("subscripts", ["ni,oi->no", "no,ni->oi", "no,oi->ni"])
def test_long_and_narrow_products_are_computed_in_pieces_with_avx_512(subscripts, monkeypatch):
    monkeypatch.setattr(products, "_has_direct_kernel", lambda: True)
    calls = {}
    for batch in (48, 49, 256, 300):
        plan = check_einsum(subscripts, {"n": batch, "i": 900, "o": 20}, "float64")
        calls[batch] = plan.source.count("\n")
    assert calls[48] < calls[49] < calls[256]


@pytest.mark.parametrize("rate", [0.3, 2, -1.0])
def test_a_plan_accepts_other_numbers_in_each_replay(rate):
    def step(inputs, state, rate, power, rng):
        (x,), (w,) = inputs, state
        y = rate * x - x / rate + (1 - 0.9**power) * x - (-power) * x
        return y, (w - rate * w / (1 - 0.5**power) + rate + np.maximum(x, rate),)

    values = [(rate, 1), (rate / 2, 3), (rate, 2.5)]
    check_planned_is_eager(step, normal(5), [np.ones(5)], ("rate", "power"), values)


def set_the_first(x, rate):
    x[0] = 1
    return x


def add_in_place(x, rate):
    x += rate
    return x


@pytest.mark.parametrize(
    "formula",
    [
        lambda x, rate: x if x.sum() > 0 else -x,
        lambda x, rate: x if np.allclose(x, 1) else -x,
        lambda x, rate: float(x.sum()) * x,
        lambda x, rate: max(x[0], x[1]) * x,
        lambda x, rate: x if rate > 0.5 else -x,
        lambda x, rate: x if rate else -x,
        lambda x, rate: np.add(x, 1, out=x),
        lambda x, rate: (np.copyto(x, 1), x)[1],
        lambda x, rate: (x.sort(), x.fill(2), x)[2],
        lambda x, rate: x.item(0) * x,
        lambda x, rate: np.divmod(x, 2.0)[0] * x,
        set_the_first,
        add_in_place,
    ],
)
def test_branches_in_place_changes_and_multiple_results_are_refused(formula):
    x = np.arange(3.0)[::-1].copy()
    with pytest.raises((TypeError, ValueError)):
        Plan(lambda inputs, state, rate, rng: (formula(*inputs, rate), ()), (x,), (), ("rate",))
    np.testing.assert_array_equal(x, [2, 1, 0])


def test_a_plan_reads_inputs_and_generator_only_in_a_replay():
    x, rng = np.zeros(3), np.random.default_rng(0)
    plan = Plan(lambda inputs, state, rng: (inputs[0] + rng.random(3), ()), (x,), (), (), rng)
    expected = np.random.default_rng(0).random(3)
    x[:] = 7
    np.testing.assert_array_equal(plan(), 7 + expected)
