"""How well a classifier did: accuracy, loss, and precision and recall of every class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

__all__ = ["ClassificationScores", "classification_scores"]


@dataclass(frozen=True)
class ClassificationScores:
    """Scores of a classifier on labelled examples.

    Attributes:
        class_names: Name of every class, in the order of its label.
        accuracy: Share of examples whose most probable class is the true one.
        accuracy_low: Lower end of the accuracy's 95 % confidence interval, Wilson's, which compares
            test parts of different sizes: 71 of 71 prove less than 8,982 of 9,000.
        loss: Cross-entropy, the mean of -log p(true class), in nats.
        precision: For every class, the share of true ones among the examples predicted as it;
            0 where none was predicted.
        recall: For every class, the share of its examples predicted as it; 0 where it has none.
        support: For every class, the number of its examples.
        confusion: Number of examples `[true class, predicted class]`.
    """

    class_names: tuple[str, ...]
    accuracy: float
    accuracy_low: float
    loss: float
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    support: NDArray[np.int64]
    confusion: NDArray[np.int64]

    def to_metrics(self) -> dict[str, float | dict[str, float]]:
        """Return accuracy, its low end, loss, precision and recall as plain numbers for JSON."""
        return {
            "accuracy": self.accuracy,
            "accuracy_low": self.accuracy_low,
            "loss": self.loss,
            "precision": dict(zip(self.class_names, self.precision.tolist(), strict=True)),
            "recall": dict(zip(self.class_names, self.recall.tolist(), strict=True)),
        }


def classification_scores(
    labels: ArrayLike, probabilities: ArrayLike, class_names: Sequence[str]
) -> ClassificationScores:
    """Score the class probabilities that a classifier gave to labelled examples.

    The predicted class is the most probable one, the first of them in a tie. For the loss a
    probability counts as no less than the machine epsilon of its precision (1e-7 in float32), so
    that a true class of probability 0 costs much but not infinitely much, as in scikit-learn.

    Args:
        labels: True class of every example `[n]`, indices into `class_names`.
        probabilities: Probability of every class `[n, classes]`; each row sums to 1.
        class_names: Name of every class.

    Returns:
        The scores; absent classes have precision and recall 0, never NaN.

    Raises:
        ValueError: If there is no example, shapes do not fit, a label names no class, or a row of
            probabilities is not a distribution.

    Example:
        >>> scores = classification_scores([0, 1], [[0.9, 0.1], [0.6, 0.4]], ("cat", "dog"))
        >>> scores.accuracy, scores.confusion.tolist()
        (0.5, [[1, 0], [1, 0]])
    """
    true = np.asarray(labels)
    believed = np.asarray(probabilities)
    believed = believed.astype(np.result_type(believed.dtype, np.float32), copy=False)
    classes = len(class_names)
    if true.ndim != 1 or not len(true):
        raise ValueError(f"labels must be a non-empty vector, got shape {true.shape}")
    if believed.shape != (len(true), classes):
        raise ValueError(
            f"probabilities must have shape {(len(true), classes)}, got {believed.shape}"
        )
    if not np.issubdtype(true.dtype, np.integer) or true.min() < 0 or true.max() >= classes:
        raise ValueError(
            f"labels must be whole numbers from 0 to {classes - 1}, got {np.unique(true)}"
        )
    # The negated comparison refuses NaN as well.
    if not ((believed >= 0).all() and (np.abs(believed.sum(axis=1) - 1) < 1e-3).all()):
        raise ValueError("probabilities must be at least 0 and sum to 1 in every row")

    # Labels may come in a type too small for the product, such as the bytes of MNIST.
    pairs = classes * true.astype(np.int64) + believed.argmax(axis=1)
    confusion = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    of_truth = np.maximum(believed[np.arange(len(true)), true], np.finfo(believed.dtype).eps)
    hits, support = confusion.diagonal(), confusion.sum(axis=1)
    interval = binomtest(int(hits.sum()), len(true)).proportion_ci(0.95, method="wilson")
    return ClassificationScores(
        class_names=tuple(class_names),
        accuracy=float(hits.sum() / len(true)),
        accuracy_low=float(interval.low),
        loss=float(np.log(1 / of_truth.astype(np.float64)).mean()),
        precision=share(hits, confusion.sum(axis=0)),
        recall=share(hits, support),
        support=support,
        confusion=confusion,
    )


def share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the quotient, 0 where there is nothing to divide by."""
    return part / np.maximum(whole, 1)
