"""Predictability, coverage and accuracy of generated or reconstructed digits, by a verifier.

Predictability and coverage alone are not sufficient. A constant image can have predictability 1,
and coverage ignores the frequencies of the classes. Accuracy and class counts complement them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.digits.data.stacking import DIGITS, channel_digits

__all__ = [
    "ConfidenceThresholds",
    "GenerationScores",
    "confidences",
    "generation_scores",
    "predicted_classes",
]


@dataclass(frozen=True)
class ConfidenceThresholds:
    """Smallest confidences of the verifier in predictable images.

    Attributes:
        single: Confidence in a single image.
        stacked: Confidence in a stack, the product of the confidences in its three channels.
    """

    single: float = 0.8
    stacked: float = 0.5


@dataclass(frozen=True, eq=False)
class GenerationScores:
    """Scores of a set of images, of which those with sufficient confidence are predictable.

    Attributes:
        images: Number of images.
        threshold: Smallest confidence in a predictable image.
        predictability: Share of predictable images.
        accuracy: Share of correctly classified channels in predictable images. None without labels
            or without predictable images.
        image_accuracy: Share of predictable images with all channels classified correctly, or None.
        coverage: Share of the 10^channels classes that occur among the predictable images.
        class_counts: Number of predictable images of each class, [10^channels].
        kl_from_uniform: Kullback-Leibler divergence of the class distribution from the uniform
            distribution, KL(classes || uniform), in nats. None without predictable images.
        kl_of_uniform_sample: Expected divergence of a uniform sample of the same size. It is
            (classes - 1) / (2 x predictable images), the bias of the plug-in entropy (Miller,
            1955). For 26,000 images of 1,000 classes, it is 0.019.
    """

    images: int
    threshold: float
    predictability: float
    accuracy: float | None
    image_accuracy: float | None
    coverage: float
    class_counts: NDArray[np.int64]
    kl_from_uniform: float | None
    kl_of_uniform_sample: float | None

    def to_metrics(self) -> dict[str, float]:
        """Return the scores that are not None as plain numbers, without the class counts."""
        names = (
            "predictability",
            "accuracy",
            "image_accuracy",
            "coverage",
            "kl_from_uniform",
            "kl_of_uniform_sample",
        )
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def generation_scores(
    probabilities: NDArray[np.floating],
    threshold: float,
    labels: NDArray[np.integer] | None = None,
) -> GenerationScores:
    """Score images by the class probabilities of each channel.

    With threshold 0, all images are predictable, as in the mode counts of PacGAN (Lin et al.,
    2018).

    Args:
        probabilities: Probabilities of the digits, [n, 10] or, for stacks, [n, channels, 10].
        threshold: Smallest confidence in a predictable image, 0 to 1. Usual values are 0.8 for
            single digits and 0.5 for three channels.
        labels: True classes, if available, [n]; see `stacking.stacked_labels`.

    Returns:
        The scores.

    Raises:
        ValueError: If there is no image, an argument is out of range or the shapes do not match.

    Example:
        >>> certain, uncertain = np.eye(10)[3], np.full(10, 0.1)
        >>> probabilities = np.stack([certain, certain, uncertain])
        >>> scores = generation_scores(probabilities, 0.8, np.array([3, 5, 5]))
        >>> round(scores.predictability, 3), scores.accuracy, scores.coverage
        (0.667, 0.5, 0.1)
    """
    by_channel = _by_channel(probabilities)
    channels = by_channel.shape[1]
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold: {threshold}, expected 0 to 1")
    if labels is not None and (
        labels.shape != (len(by_channel),) or labels.min() < 0 or labels.max() >= DIGITS**channels
    ):
        raise ValueError(
            f"labels: shape {labels.shape}, expected {len(by_channel)} from 0 to "
            f"{DIGITS**channels - 1}"
        )
    predictable = confidences(probabilities) >= threshold
    count = int(predictable.sum())
    classes = predicted_classes(probabilities)[predictable]
    class_counts = np.bincount(classes, minlength=DIGITS**channels)
    accuracy = image_accuracy = None
    if labels is not None and count:
        true_digits = channel_digits(labels[predictable], channels)
        correct = by_channel[predictable].argmax(axis=2) == true_digits
        accuracy, image_accuracy = float(correct.mean()), float(correct.all(axis=1).mean())
    return GenerationScores(
        images=len(by_channel),
        threshold=threshold,
        predictability=count / len(by_channel),
        accuracy=accuracy,
        image_accuracy=image_accuracy,
        coverage=float((class_counts > 0).mean()),
        class_counts=class_counts,
        kl_from_uniform=_kl_from_uniform(class_counts) if count else None,
        kl_of_uniform_sample=(len(class_counts) - 1) / (2 * count) if count else None,
    )


def confidences(probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the confidence in each image, [n]: the product of its channels' highest probabilities.

    Args:
        probabilities: Probabilities of the digits, [n, 10] or [n, channels, 10].

    Raises:
        ValueError: If the probabilities have another shape, or there is no image.
    """
    return _by_channel(probabilities).max(axis=2).prod(axis=1)


def predicted_classes(probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the class of each image, [n], from its most probable digits.

    Args:
        probabilities: Probabilities of the digits, [n, 10] or [n, channels, 10].

    Returns:
        Classes as in `stacking.stacked_labels`.

    Raises:
        ValueError: If the probabilities have another shape, or there is no image.
    """
    digits = _by_channel(probabilities).argmax(axis=2)
    return digits @ DIGITS ** np.arange(digits.shape[1])


def _by_channel(probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    if not len(probabilities) or probabilities.ndim not in (2, 3) or probabilities.shape[-1] != 10:
        raise ValueError(
            f"probabilities: shape {probabilities.shape}, expected [n, 10] or [n, channels, 10]"
        )
    return probabilities.reshape(len(probabilities), -1, DIGITS)


def _kl_from_uniform(counts: NDArray[np.int64]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(shares @ np.log(shares * len(counts)))
