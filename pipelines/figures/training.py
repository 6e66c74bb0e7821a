"""Training of a network in epochs of shuffled batches, with early stopping."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.network.losses import Loss
from pipelines.figures.network.network import Network, TrainingStep, fuse
from pipelines.figures.network.optimizers import Optimizer
from pipelines.figures.network.plan import Plan

__all__ = ["Examples", "OnEpoch", "Scores", "Trainer", "evaluate", "hold_out"]

OnEpoch = Callable[[int, dict[str, float]], object]
"""Function called after each epoch with its number (from 1) and its row of the history."""

# Arithmetic on subnormal numbers is about a hundred times slower. Running means of zero gradients
# and penalized weights decay towards such numbers, so values near them are set to zero.
FLUSH_INTERVAL = 256
FLUSH_MARGIN = 2**40


class Examples(NamedTuple):
    """Labelled examples.

    Attributes:
        X: Inputs `[count, features]`, floating-point or uint8.
        targets: One-hot classes `[count, outputs]`.
        weights: Weights of the examples `[count]`, or None for equal weights. Only their ratios
            matter.
    """

    X: NDArray
    targets: NDArray[np.floating]
    weights: NDArray[np.floating] | None = None

    def take(self, indices: NDArray[np.integer]) -> "Examples":
        """Return the examples at the given indices."""
        return Examples(*(None if array is None else array[indices] for array in self))


class Scores(NamedTuple):
    """The mean loss, without a penalty on the weights, and the accuracy."""

    loss: float
    accuracy: float


def hold_out(
    examples: Examples, fraction: float, rng: np.random.Generator
) -> tuple[Examples, Examples]:
    """Split examples at random into a training and a validation split, stratified by class.

    Args:
        examples: The examples to split.
        fraction: Fraction of the validation split, which has at least one example.
        rng: Random number generator.

    Returns:
        The training and the validation split.

    Raises:
        ValueError: If a split would have no example with a positive weight.
    """
    count = len(examples.X)
    held_out = max(1, round(fraction * count))
    if held_out >= count:
        raise ValueError(f"validation_fraction={fraction!r}: leaves none of {count} to train on")
    # Examples at equal distances in an order sorted by class give a stratified split.
    order = rng.permutation(count)
    order = order[np.argsort(examples.targets.argmax(axis=1)[order], kind="stable")]
    positions = ((np.arange(held_out) + rng.random()) * count / held_out).astype(int)
    splits = examples.take(np.delete(order, positions)), examples.take(order[positions])
    if any(split.weights is not None and not split.weights.any() for split in splits):
        raise ValueError("sample_weight: expected more that are not 0, to hold some out")
    return splits


def evaluate(network: Network, loss: str, examples: Examples) -> Scores:
    """Score a network on examples with the named loss."""
    fused, joint_loss = fuse(network, loss)
    outputs = fused.outputs(examples.X)
    return _scores(joint_loss, outputs, examples.targets, examples.weights)


class Trainer:
    """The training loop of a network, which updates the network's parameters in place.

    Args:
        network: The network to train.
        loss: Name of the loss.
        optimizer: The optimizer, with its own settings bound.
        rng: Random number generator for shuffling and for layers such as dropout.
        **regularization: Further settings of `TrainingStep`: penalty and gradient clipping.
    """

    def __init__(
        self,
        network: Network,
        loss: str,
        optimizer: Optimizer,
        rng: np.random.Generator,
        **regularization: Any,
    ) -> None:
        fused, self.fused_loss = fuse(network, loss)
        self.network, self.loss = network, loss
        self.step = TrainingStep(fused, self.fused_loss, optimizer.update, **regularization)
        self.means = tuple(np.zeros_like(network.vector) for _ in range(optimizer.means))
        self.rng, self.number = rng, 0
        self.plans: dict[tuple, Callable] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the plans, which `step_on` rebuilds."""
        return self.__dict__ | {"plans": {}}

    def train(
        self,
        examples: Examples,
        *,
        epochs: int,
        batch_size: int,
        learning_rate: Callable[[float], float],
        watched: Mapping[str, Examples] | None = None,
        patience: int | None = None,
        listeners: Sequence[OnEpoch] = (),
    ) -> list[dict[str, float]]:
        """Train the network.

        Args:
            examples: The training examples.
            epochs: Maximum number of epochs.
            batch_size: Number of examples in a batch, at most the number of examples.
            learning_rate: Function that returns the learning rate for a progress from 0 to 1.
            watched: Further examples, by name, to score after each epoch.
            patience: Number of consecutive epochs without a lower loss on `watched["validation"]`
                after which training stops. The parameters of the lowest loss are then restored.
            listeners: Functions called after each epoch with its number (from 1) and its row.

        Returns:
            One row per epoch, with "epoch", "train/loss", "train/accuracy" and the same two metrics
            for each name in `watched`. Training metrics are over the batches of the epoch, each
            before its update.

        Raises:
            ValueError: If the parameters or the loss become infinite or NaN.
        """
        steps = epochs * -(-len(examples.X) // batch_size)
        network, first = self.network, self.number + 1
        if examples.weights is not None:
            examples = examples._replace(weights=examples.weights / examples.weights.mean())
        history: list[dict[str, float]] = []
        best = _Best(np.inf, 0, network.vector)
        for epoch in range(1, epochs + 1):
            train_scores = self.epoch(
                examples,
                batch_size,
                lambda number: learning_rate((number - first) / max(1, steps - 1)),
            )
            if not np.isfinite([train_scores.loss, network.vector.sum()]).all():
                raise ValueError(
                    f"training diverged in epoch {epoch}: a lower learning_rate or a smaller "
                    "initialization is needed"
                )
            scores = {"train": train_scores}
            scores |= {name: evaluate(network, self.loss, watched[name]) for name in watched or {}}
            history.append(_row(epoch, scores))
            for listener in listeners:
                listener(epoch, history[-1])
            if patience is None:
                continue
            if scores["validation"].loss < best.loss:
                best = _Best(scores["validation"].loss, epoch, network.vector.copy())
            elif epoch - best.epoch >= patience:
                break
        if patience is not None:
            network.vector[:] = best.vector
        return history

    def epoch(
        self, examples: Examples, batch_size: int, learning_rate: Callable[[int], float]
    ) -> Scores:
        """Train on all examples once, in a random order.

        Args:
            examples: The training examples.
            batch_size: Number of examples per step; the last step may have fewer.
            learning_rate: Function that returns the learning rate of a step by its number (from 1).

        Returns:
            The scores over all batches, each before its update.
        """
        count, order = len(examples.X), self.rng.permutation(len(examples.X))
        outputs = np.empty(examples.targets.shape, examples.targets.dtype)
        sizes = {min(batch_size, count), count % batch_size} - {0}
        steps = {size: self.step_on(examples, size) for size in sizes}
        self.plans = {key: self.plans[key] for key in self.plans if key[0] in sizes}
        with np.errstate(all="ignore"):  # an overflow makes the loss infinite or NaN
            for start in range(0, count, batch_size):
                batch = order[start : start + batch_size]
                self.number = number = self.number + 1
                load, plan = steps[len(batch)]
                load(batch)
                outputs[start : start + batch_size] = plan(learning_rate(number), number)
                if number % FLUSH_INTERVAL == 0:
                    _flush((self.network.vector, *self.means))
            weights = None if examples.weights is None else examples.weights[order]
            return _scores(self.fused_loss, outputs, examples.targets[order], weights)

    def step_on(self, examples: Examples, size: int) -> tuple[Callable[[NDArray], object], Plan]:
        """Return a function that loads a batch by its indices, and the plan of a step on it."""
        arrays = [array for array in examples if array is not None]
        key = (size, *(array.dtype for array in arrays))
        if key not in self.plans:
            dtype = self.network.vector.dtype
            batch = tuple(np.zeros((size, *array.shape[1:]), dtype) for array in arrays)
            state = (self.network.vector, *self.means)
            plan = Plan(self.step, batch, state, ("learning_rate", "number"), self.rng)
            self.plans[key] = batch, plan
        batch, plan = self.plans[key]
        loaders = [_loader(rows, out) for rows, out in zip(arrays, batch, strict=True)]

        def load(indices: NDArray[np.integer]) -> None:
            for loader in loaders:
                loader(indices)

        return load, plan


class _Best(NamedTuple):
    loss: float
    epoch: int
    vector: NDArray[np.floating]


def _row(epoch: int, scores: Mapping[str, Scores]) -> dict[str, float]:
    return {"epoch": epoch} | {
        f"{name}/{metric}": value
        for name, pair in scores.items()
        for metric, value in pair._asdict().items()
    }


def _scores(
    loss: Loss,
    outputs: NDArray[np.floating],
    targets: NDArray[np.floating],
    weights: NDArray[np.floating] | None,
) -> Scores:
    hits = outputs.argmax(axis=1) == targets.argmax(axis=1)
    losses = loss.value(outputs, targets)
    return Scores(
        float(np.average(losses.astype(np.float64), weights=weights)),
        float(np.average(hits, weights=weights)),
    )


def _loader(rows: NDArray, out: NDArray[np.floating]) -> Callable[[NDArray[np.integer]], object]:
    """Return a function that copies the rows at given indices to `out`."""
    # The default mode "raise" would copy once more, to keep `out` unchanged after an error.
    if rows.dtype == out.dtype:
        return lambda indices: rows.take(indices, 0, out, "clip")
    buffer = np.zeros(out.shape, rows.dtype)

    def load(indices: NDArray[np.integer]) -> None:
        rows.take(indices, 0, buffer, "clip")
        np.copyto(out, buffer)

    return load


def _flush(vectors: Sequence[NDArray[np.floating]]) -> None:
    """Set subnormal numbers, and those near them, to zero."""
    for vector in vectors:
        vector[np.abs(vector) < np.finfo(vector.dtype).tiny * FLUSH_MARGIN] = 0
