"""Training speed of the network from scratch beside PyTorch and scikit-learn.

    python -m benchmarks.network [--rounds 7]

All train the same architecture (relu, softmax, cross-entropy, plain gradient descent) on the same
figures with the same batch size and learning rate. They take turns, each in a process of its own,
so that other load on the machine affects them alike. The timed code is a call of `fit`, or a bare
loop over batches of indices for PyTorch and for the formulas without a plan. The network reads the
figures as bytes and, in a column of its own, as float32. All others read float32.

A column "vs X" says how many times as fast as X this project is. Two columns are shares of the
rate at which NumPy and PyTorch multiply large square matrices. The last column is the median time
to lay out a plan.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg.blas import sgemm
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.record import write_record
from pipelines.figures import NetworkClassifier, draw_figures
from pipelines.figures.network import Activation, Dense, Network
from pipelines.figures.network.network import TrainingStep, fuse
from pipelines.figures.network.optimizers import OPTIMIZERS
from pipelines.figures.network.plan import Plan

LEARNING_RATE = 0.01
EPOCHS = 5

# Number and side of the square matrices whose product measures the processor's rate.
PRODUCTS, SIDE = 10, 2048


class Case(NamedTuple):
    """Canvas size, hidden widths, batch size, and the number of figures in an epoch."""

    size: int
    hidden: tuple[int, ...]
    batch_size: int
    count: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of inputs, then of the units of each layer."""
        return (self.size**2, *self.hidden, 4)

    @property
    def operations(self) -> int:
        """Floating-point operations for one example, in the products with the weights.

        Two for each weight in the forward pass, two for its gradient, two for the gradient of the
        layer's inputs, which the first layer does not need.
        """
        weights = [inputs * outputs for inputs, outputs in pairwise(self.widths)]
        return 6 * sum(weights) - 2 * weights[0]


CASES = (
    Case(30, (20, 10), batch_size=1, count=1_000),
    Case(30, (20, 10), batch_size=32, count=10_016),
    Case(30, (20, 10), batch_size=256, count=20_224),
    Case(30, (512, 256), batch_size=256, count=5_120),
    Case(50, (1000, 500), batch_size=512, count=2_048),
)


def network(case: Case, X: NDArray, y: NDArray) -> Callable[[], object]:
    """Return a training by the network from scratch."""
    classifier = NetworkClassifier(
        layers=[(width, "relu") for width in case.hidden],
        optimizer="sgd",
        learning_rate=LEARNING_RATE,
        batch_size=case.batch_size,
        epochs=EPOCHS,
        random_state=0,
    )
    return lambda: classifier.fit(X, y)


def scikit_learn(case: Case, X: NDArray, y: NDArray) -> Callable[[], object]:
    """Return a training by scikit-learn without penalty, momentum and early stopping."""
    classifier = MLPClassifier(
        hidden_layer_sizes=case.hidden,
        solver="sgd",
        alpha=0.0,
        momentum=0.0,
        nesterovs_momentum=False,
        learning_rate_init=LEARNING_RATE,
        batch_size=case.batch_size,
        max_iter=EPOCHS,
        n_iter_no_change=EPOCHS,
        random_state=0,
    )
    return lambda: classifier.fit(X, y)


def pytorch(case: Case, X: NDArray, y: NDArray, compiled: bool = False) -> Callable[[], object]:
    """Return a training by PyTorch, compiled at its first call on request."""
    inputs, classes = torch.from_numpy(X), torch.from_numpy(y)
    layers: list[torch.nn.Module] = []
    for width, next_width in pairwise(case.widths):
        layers += [torch.nn.Linear(width, next_width), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

    def loss(batch: torch.Tensor, batch_classes: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(model(batch), batch_classes)

    if compiled:
        loss = torch.compile(loss)

    def train() -> None:
        for _ in range(EPOCHS):
            order = torch.randperm(case.count)
            for start in range(0, case.count, case.batch_size):
                batch = order[start : start + case.batch_size]
                optimizer.zero_grad(set_to_none=True)
                loss(inputs[batch], classes[batch]).backward()
                optimizer.step()

    return train


def eager(case: Case, X: NDArray, y: NDArray) -> Callable[[], object]:
    """Return a training by the formulas on plain arrays, without a plan."""
    network, step = training_step(case)
    targets, rng = np.eye(4, dtype=np.float32)[y], np.random.default_rng(0)

    def train() -> None:
        state = (network.vector,)
        for _ in range(EPOCHS):
            order = rng.permutation(case.count)
            for start in range(0, case.count, case.batch_size):
                batch = order[start : start + case.batch_size]
                _, state = step((X[batch], targets[batch]), state, LEARNING_RATE, 1, None)

    return train


def training_step(case: Case) -> tuple[Network, TrainingStep]:
    """Return a network and the step that trains it."""
    layers = [layer for width in case.hidden for layer in (Dense(width), Activation("relu"))]
    network = Network.zeros([*layers, Dense(4), Activation("softmax")], (case.size**2,))
    network.draw(["glorot"] * len(network.weights), np.random.default_rng(0))
    fused, loss = fuse(network, "categorical_cross_entropy")
    return network, TrainingStep(fused, loss, OPTIMIZERS["sgd"].update)


def layout_seconds(case: Case, repeats: int = 15) -> float:
    """Return how long it takes to lay out a plan."""
    network, step = training_step(case)
    batch = tuple(np.zeros((case.batch_size, width), np.float32) for width in (case.size**2, 4))
    times = []
    for _ in range(repeats):
        start = time.process_time()
        Plan(step, batch, (network.vector,), ("learning_rate", "number"))
        times.append(time.process_time() - start)
    return median(times)


def numpy_rate(case: Case, X: NDArray, y: NDArray) -> Callable[[], object]:
    """Return a run of matrix products by NumPy's BLAS."""
    matrix = np.asfortranarray(np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32))
    return lambda: [sgemm(1.0, matrix, matrix) for _ in range(PRODUCTS)]


def pytorch_rate(case: Case, X: NDArray, y: NDArray) -> Callable[[], object]:
    """Return a run of matrix products by PyTorch."""
    matrix = torch.rand(SIDE, SIDE)
    return lambda: [matrix @ matrix for _ in range(PRODUCTS)]


COMPETITORS = {
    "this project": network,
    "float32 input": network,
    "no plan": eager,
    "PyTorch": pytorch,
    "torch.compile": partial(pytorch, compiled=True),
    "scikit-learn": scikit_learn,
    "NumPy product": numpy_rate,
    "PyTorch product": pytorch_rate,
}
PEERS = ("no plan", "PyTorch", "torch.compile", "scikit-learn")
PRODUCT_RATES = ("NumPy product", "PyTorch product")

prepared: dict[str, Callable[[], object]] = {}


def prepare(name: str, case: Case) -> None:
    """Draw the figures and warm the trainer up, in its own process."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    figures, y = draw_figures(case.count, case.size, 0.1, False, np.random.default_rng(0))
    pixels = figures.reshape(case.count, -1)
    X = pixels if name == "this project" else pixels.astype(np.float32)
    prepared[name] = COMPETITORS[name](case, X, y)
    prepared[name]()


def seconds(name: str) -> float:
    """Return the CPU time of the training, in its own process."""
    start = time.process_time()
    prepared[name]()
    return time.process_time() - start


def measure(case: Case, rounds: int, processes: dict[str, ProcessPoolExecutor]) -> dict[str, float]:
    """Return the median speed of each trainer, in examples or operations a second."""
    for name, process in processes.items():
        process.submit(prepare, name, case).result()
    times: dict[str, list[float]] = {name: [] for name in processes}
    for _ in range(rounds):
        for name, process in processes.items():
            times[name].append(process.submit(seconds, name).result())
    work = dict.fromkeys(processes, EPOCHS * case.count)
    work |= dict.fromkeys(PRODUCT_RATES, PRODUCTS * 2 * SIDE**3)
    return {name: work[name] / median(times[name]) for name in processes}


def main() -> None:
    """Measure every case and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each competitor")
    rounds = parser.parse_args().rounds
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))
            for name in COMPETITORS
        }
        speeds = {case: measure(case, rounds, processes) for case in CASES}
    write_record(
        "network",
        columns=(
            "layers",
            "batch size",
            "this project, examples/s",
            "with float32 input",
            *(f"vs {name}" for name in PEERS),
            "share of NumPy's rate",
            "PyTorch's share of its rate",
            "layout, ms",
        ),
        rows=[row(case, speed) for case, speed in speeds.items()],
        packages=("numpy", "torch", "scikit-learn", "scipy"),
        notes=[
            f"Training speed in CPU time on one core, medians of {rounds} rounds. A ratio above 1 "
            "means that this project is faster.",
            "The shares are of the rate at which NumPy and PyTorch multiply large square matrices.",
        ],
    )


def row(case: Case, speed: dict[str, float]) -> list[str]:
    """Return the cells of a case."""
    ours = speed["this project"]
    return [
        "-".join(map(str, case.widths)),
        str(case.batch_size),
        f"{ours:,.0f}",
        f"{speed['float32 input']:,.0f}",
        *(f"{ours / speed[name]:.1f} ×" for name in PEERS),
        f"{ours * case.operations / speed['NumPy product']:.0%}",
        f"{speed['PyTorch'] * case.operations / speed['PyTorch product']:.0%}",
        f"{1e3 * layout_seconds(case):.1f}",
    ]


if __name__ == "__main__":
    main()
