"""Scores of a classifier: accuracy, cross-entropy, and precision and recall per class."""

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
        class_names: Name of each class, in the order of the labels.
        accuracy: Fraction of examples whose most probable class is the true class.
        accuracy_ci_low: Lower bound of the 95 % Wilson confidence interval of the accuracy. It
            makes test splits of different sizes comparable: 71 of 71 is weaker evidence than
            8,982 of 9,000.
        loss: Cross-entropy, the mean of -log p(true class), in nats.
        precision: Precision of each class `[classes]`; 0 for a class that was never predicted.
        recall: Recall of each class `[classes]`; 0 for a class without examples.
        support: Number of examples of each class `[classes]`.
        confusion: Number of examples by `[true class, predicted class]`.
    """

    class_names: tuple[str, ...]
    accuracy: float
    accuracy_ci_low: float
    loss: float
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    support: NDArray[np.int64]
    confusion: NDArray[np.int64]

    def to_metrics(self) -> dict[str, float | dict[str, float]]:
        """Return accuracy, its lower bound, loss, precision and recall as numbers for JSON."""
        return {
            "accuracy": self.accuracy,
            "accuracy_ci_low": self.accuracy_ci_low,
            "loss": self.loss,
            "precision": dict(zip(self.class_names, self.precision.tolist(), strict=True)),
            "recall": dict(zip(self.class_names, self.recall.tolist(), strict=True)),
        }


def classification_scores(
    labels: ArrayLike, probabilities: ArrayLike, class_names: Sequence[str]
) -> ClassificationScores:
    """Score predicted class probabilities against true labels.

    The predicted class is the most probable class, or the first of several in a tie. For the loss,
    probabilities are clipped from below at the machine epsilon of their type (1e-7 for float32), as
    in scikit-learn. A true class of probability 0 therefore has a large but finite loss.

    Args:
        labels: True class of each example `[n]`, an index into `class_names`.
        probabilities: Probability of each class `[n, classes]`; each row sums to 1.
        class_names: Name of each class.

    Returns:
        The scores. Precision and recall of absent classes are 0, not NaN.

    Raises:
        ValueError: If there is no example, a shape is wrong, a label is not an index of a class, or
            a row of probabilities is not a distribution.

    Example:
        >>> scores = classification_scores([0, 1], [[0.9, 0.1], [0.6, 0.4]], ("cat", "dog"))
        >>> scores.accuracy, scores.confusion.tolist()
        (0.5, [[1, 0], [1, 0]])
    """
    y_true = np.asarray(labels)
    y_prob = np.asarray(probabilities)
    y_prob = y_prob.astype(np.result_type(y_prob.dtype, np.float32), copy=False)
    classes = len(class_names)
    if y_true.ndim != 1 or not len(y_true):
        raise ValueError(f"labels must be a non-empty vector, got shape {y_true.shape}")
    if y_prob.shape != (len(y_true), classes):
        raise ValueError(
            f"probabilities must have shape {(len(y_true), classes)}, got {y_prob.shape}"
        )
    if not np.issubdtype(y_true.dtype, np.integer) or y_true.min() < 0 or y_true.max() >= classes:
        raise ValueError(
            f"labels must be whole numbers from 0 to {classes - 1}, got {np.unique(y_true)}"
        )
    # The negated comparison rejects NaN as well.
    if not ((y_prob >= 0).all() and (np.abs(y_prob.sum(axis=1) - 1) < 1e-3).all()):
        raise ValueError("probabilities must be at least 0 and sum to 1 in every row")

    # The type of the labels may be too small for the product, such as uint8 for MNIST.
    pairs = classes * y_true.astype(np.int64) + y_prob.argmax(axis=1)
    confusion = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    p_true = np.maximum(y_prob[np.arange(len(y_true)), y_true], np.finfo(y_prob.dtype).eps)
    hits, support = confusion.diagonal(), confusion.sum(axis=1)
    interval = binomtest(int(hits.sum()), len(y_true)).proportion_ci(0.95, method="wilson")
    return ClassificationScores(
        class_names=tuple(class_names),
        accuracy=float(hits.sum() / len(y_true)),
        accuracy_ci_low=float(interval.low),
        loss=float(np.log(1 / p_true.astype(np.float64)).mean()),
        precision=_ratio(hits, confusion.sum(axis=0)),
        recall=_ratio(hits, support),
        support=support,
        confusion=confusion,
    )


def _ratio(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return counts divided by totals, 0 where the total is 0."""
    return counts / np.maximum(totals, 1)
