"""Training a network: epochs of shuffled batches, watched, and stopped in time."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.figures.network.backpropagation import TrainingStep, fuse, propagate
from pipelines.figures.network.losses import Loss
from pipelines.figures.network.network import Network
from pipelines.figures.network.optimizers import Update

__all__ = ["Examples", "OnEpoch", "Scores", "evaluate", "hold_out", "train"]

OnEpoch = Callable[[int, dict[str, float]], object]
"""Called after an epoch with its number, from 1, and its row of the history."""


class Examples(NamedTuple):
    """Inputs `X`, `[count, inputs]`, real or uint8, and one-hot `targets`, `[count, outputs]`."""

    X: NDArray
    targets: NDArray[np.floating]


class Scores(NamedTuple):
    """The mean loss, without a penalty on the weights, and the share of right classes."""

    loss: float
    accuracy: float


def hold_out(
    examples: Examples, fraction: float, rng: np.random.Generator
) -> tuple[Examples, Examples]:
    """Split examples at random into those to learn from and those to validate on.

    Args:
        examples: what to split.
        fraction: share to validate on; at least one example, whatever the share.
        rng: source of the choice.

    Raises:
        ValueError: nothing would be left to learn from.
    """
    count = len(examples.X)
    held = max(1, round(fraction * count))
    if held >= count:
        raise ValueError(f"validation_fraction={fraction!r}: leaves none of {count} to learn from")
    order = rng.permutation(count)
    validation, learning = (
        Examples(examples.X[part], examples.targets[part]) for part in (order[:held], order[held:])
    )
    return learning, validation


def evaluate(network: Network, loss: str, examples: Examples) -> Scores:
    """Score a network on examples by the loss of this name."""
    chain, joint_loss = fuse(network.chain, loss)
    outputs = propagate(network.parameters, chain, examples.X)
    return _scores(joint_loss, outputs, examples.targets)


def train(
    network: Network,
    loss: str,
    update: Update,
    examples: Examples,
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    watched: Mapping[str, Examples],
    patience: int | None = None,
    listeners: Sequence[OnEpoch] = (),
) -> list[dict[str, float]]:
    """Train a network in place.

    Every epoch goes through all examples once, in a fresh random order, in batches of
    `batch_size`; the last batch holds the remainder. Each batch is followed by one update along
    the gradient of its mean loss. The scores named "train" are those of the epoch's batches, each
    before its own update, all others those after the epoch.

    Args:
        network: the network to train.
        loss: name of the loss.
        update: the optimizer's rule, made for the network's parameters.
        examples: what to learn.
        epochs: number of epochs, at most.
        batch_size: number of examples in a batch, at most the number of all.
        rng: source of the order.
        watched: further examples, by name, to score after every epoch.
        patience: stop after so many epochs in a row without a lower loss on
            `watched["validation"]`, and go back to the parameters of the lowest.
        listeners: called after each epoch with its number, from 1, and its row.

    Returns:
        A row for each epoch: "epoch", "train/loss", "train/accuracy", and the same two for each
        name in `watched`.

    Raises:
        ValueError: the parameters or the loss left the range of the numbers.
    """
    parameters, count = network.parameters, len(examples.X)
    chain, joint_loss = fuse(network.chain, loss)
    steps = {
        size: TrainingStep(parameters, chain, joint_loss, update, *examples, size)
        for size in {batch_size, count % batch_size} - {0}
    }
    outputs = np.empty(examples.targets.shape, examples.targets.dtype)
    history: list[dict[str, float]] = []
    best = _Best(np.inf, 0, parameters.vector)
    for epoch in range(1, epochs + 1):
        order = rng.permutation(count)
        with np.errstate(all="ignore"):  # an overflow shows in the scores
            for start in range(0, count, batch_size):
                batch = order[start : start + batch_size]
                outputs[start : start + batch_size] = steps[len(batch)](batch)
            scores = {"train": _scores(joint_loss, outputs, examples.targets[order])}
            scores |= {name: evaluate(network, loss, watched[name]) for name in watched}
        if not np.isfinite([scores["train"].loss, parameters.vector.sum()]).all():
            raise ValueError(
                f"training diverged in epoch {epoch}: a lower learning_rate or a smaller "
                "initialization is needed"
            )
        history.append(_row(epoch, scores))
        for listener in listeners:
            listener(epoch, history[-1])
        if patience is None:
            continue
        if scores["validation"].loss < best.loss:
            best = _Best(scores["validation"].loss, epoch, parameters.vector.copy())
        elif epoch - best.epoch >= patience:
            break
    if patience is not None:
        parameters.vector[:] = best.vector
    return history


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


def _scores(loss: Loss, outputs: NDArray[np.floating], targets: NDArray[np.floating]) -> Scores:
    right = outputs.argmax(axis=1) == targets.argmax(axis=1)
    return Scores(loss.mean(outputs, targets), float(right.mean()))
