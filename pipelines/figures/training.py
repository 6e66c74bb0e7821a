"""Training of a network: epochs of shuffled batches, scored, and stopped in time."""

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
"""Called after an epoch with its number, from 1, and its row of the history."""

# Arithmetic on subnormal numbers is about a hundred times slower. Means without a gradient and
# weights under a penalty decay to such numbers, so values near them are set to zero.
FLUSH_INTERVAL = 256
FLUSH_MARGIN = 2**40


class Examples(NamedTuple):
    """Labelled examples.

    Attributes:
        X: inputs, `[count, features]`, real or uint8.
        targets: one-hot classes, `[count, outputs]`.
        weights: weights of the examples, of which only the ratios count, `[count]`; None if all
            are 1.
    """

    X: NDArray
    targets: NDArray[np.floating]
    weights: NDArray[np.floating] | None = None

    def part(self, indices: NDArray[np.integer]) -> "Examples":
        """Return the examples of these indices."""
        return Examples(*(None if each is None else each[indices] for each in self))


class Scores(NamedTuple):
    """The mean loss, without a penalty on the weights, and the share of right classes."""

    loss: float
    accuracy: float


def hold_out(
    examples: Examples, fraction: float, rng: np.random.Generator
) -> tuple[Examples, Examples]:
    """Split examples at random into those to learn from and those to validate on.

    Every class keeps its share, to within one example.

    Args:
        examples: what to split.
        fraction: share to validate on; at least one example, whatever the share.
        rng: source of the choice.

    Raises:
        ValueError: nothing with a weight would be left to learn from or to validate on.
    """
    count = len(examples.X)
    held = max(1, round(fraction * count))
    if held >= count:
        raise ValueError(f"validation_fraction={fraction!r}: leaves none of {count} to learn from")
    # Sorted by class, the examples at places equally far apart are held out.
    order = rng.permutation(count)
    order = order[np.argsort(examples.targets.argmax(axis=1)[order], kind="stable")]
    places = ((np.arange(held) + rng.random()) * count / held).astype(int)
    parts = examples.part(np.delete(order, places)), examples.part(order[places])
    if any(part.weights is not None and not part.weights.any() for part in parts):
        raise ValueError("sample_weight: expected more that are not 0, to hold some out")
    return parts


def evaluate(network: Network, loss: str, examples: Examples) -> Scores:
    """Score a network on examples by the loss of this name."""
    fused, joint_loss = fuse(network, loss)
    outputs = fused.outputs(examples.X)
    return _scores(joint_loss, outputs, examples.targets, examples.weights)


class Trainer:
    """Takes steps of training; each replaces the parameters of the network.

    Args:
        network: the network to train.
        loss: name of the loss.
        optimizer: the optimizer, with its own settings bound.
        rng: source of the order of the examples and of what layers draw.
        regularization: further settings of a `TrainingStep`: penalty and limit of the gradient.
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
        """Leave out the plans, which can be laid out again."""
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
        """Train the network for some epochs.

        Args:
            examples: what to learn.
            epochs: number of epochs, at most.
            batch_size: number of examples in a batch, at most the number of all.
            learning_rate: function of the progress, 0 to 1, that returns the learning rate.
            watched: further examples, by name, to score after every epoch.
            patience: stop after so many epochs in a row without a lower loss on
                `watched["validation"]`, and go back to the parameters of the lowest.
            listeners: called after each epoch with its number, from 1, and its row.

        Returns:
            A row for each epoch: "epoch", "train/loss", "train/accuracy" (over the epoch's batches,
            each before its own step), and the same two for each name in `watched`, after the epoch.

        Raises:
            ValueError: the parameters or the loss left the range of the numbers.
        """
        steps = epochs * -(-len(examples.X) // batch_size)
        network, first = self.network, self.number + 1
        if examples.weights is not None:
            examples = examples._replace(weights=examples.weights / examples.weights.mean())
        history: list[dict[str, float]] = []
        best = _Best(np.inf, 0, network.vector)
        for epoch in range(1, epochs + 1):
            own = self.epoch(
                examples,
                batch_size,
                lambda number: learning_rate((number - first) / max(1, steps - 1)),
            )
            if not np.isfinite([own.loss, network.vector.sum()]).all():
                raise ValueError(
                    f"training diverged in epoch {epoch}: a lower learning_rate or a smaller "
                    "initialization is needed"
                )
            scores = {"train": own}
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
        """Go through all examples once, in a random order.

        Args:
            examples: what to learn.
            batch_size: number of examples in a step; the last step takes the rest.
            learning_rate: returns that of a step by its number, from 1.

        Returns:
            The scores of the batches, each before its own step.
        """
        count, order = len(examples.X), self.rng.permutation(len(examples.X))
        outputs = np.empty(examples.targets.shape, examples.targets.dtype)
        sizes = {min(batch_size, count), count % batch_size} - {0}
        steps = {size: self.step_on(examples, size) for size in sizes}
        self.plans = {key: self.plans[key] for key in self.plans if key[0] in sizes}
        with np.errstate(all="ignore"):  # an overflow shows in the scores
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
        """Return a step on batches of one size: what loads a batch of indices, and the plan."""
        kept = [each for each in examples if each is not None]
        key = (size, *(each.dtype for each in kept))
        if key not in self.plans:
            dtype = self.network.vector.dtype
            batch = tuple(np.zeros((size, *each.shape[1:]), dtype) for each in kept)
            state = (self.network.vector, *self.means)
            plan = Plan(self.step, batch, state, ("learning_rate", "number"), self.rng)
            self.plans[key] = batch, plan
        batch, plan = self.plans[key]
        loads = [_load(rows, out) for rows, out in zip(kept, batch, strict=True)]

        def load(indices: NDArray[np.integer]) -> None:
            for each in loads:
                each(indices)

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
    right = outputs.argmax(axis=1) == targets.argmax(axis=1)
    losses = loss.value(outputs, targets)
    return Scores(
        float(np.average(losses.astype(np.float64), weights=weights)),
        float(np.average(right, weights=weights)),
    )


def _load(rows: NDArray, out: NDArray[np.floating]) -> Callable[[NDArray[np.integer]], object]:
    """Return a function that copies the rows of the indices given to `out`."""
    # "clip" spares a copy that take's other modes need to leave `out` whole in case of an error.
    if rows.dtype == out.dtype:
        return lambda indices: rows.take(indices, 0, out, "clip")
    unconverted = np.zeros(out.shape, rows.dtype)

    def load(indices: NDArray[np.integer]) -> None:
        rows.take(indices, 0, unconverted, "clip")
        np.copyto(out, unconverted)

    return load


def _flush(vectors: Sequence[NDArray[np.floating]]) -> None:
    """Set what is nearly zero to zero."""
    for vector in vectors:
        vector[np.abs(vector) < np.finfo(vector.dtype).tiny * FLUSH_MARGIN] = 0
