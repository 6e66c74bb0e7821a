"""What a verifier says of the images that an autoencoder makes, as plain numbers by name.

A network of one channel is measured on single images, and on stacks of them whose channels it takes
one by one, so that what is known of the single images answers for the stacks. A network of three
channels is measured on stacks alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.digits.anomaly import squared_error
from pipelines.digits.frechet import frechet_distance
from pipelines.digits.generation import grey_levels
from pipelines.digits.generation_scores import generation_scores
from pipelines.digits.likelihood import bernoulli_log_likelihood
from pipelines.digits.stacking import draw_stacks, stacked_images, stacked_labels
from pipelines.digits.trained_autoencoder import Sampler, TrainedAutoencoder
from pipelines.digits.verifier import Verifier, classify, read_images

__all__ = [
    "DigitSet",
    "Tolerances",
    "generation_metrics",
    "mean_and_spread",
    "real_metrics",
    "reconstruction_metrics",
]

Metrics = dict[str, float]


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Images and stacks of them.

    Attributes:
        images: uint8 [n, 28, 28].
        labels: Digits 0 to 9, [n].
        members: Which images stand together in each stack, [m, 3].
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    members: NDArray[np.int64]

    def units(self, channels: int) -> NDArray[np.uint8]:
        """What a network of so many channels takes at a time: the images, or the stacks."""
        return self.images if channels == 1 else stacked_images(self.images, self.members)

    def stacked(self, values: NDArray, channels: int) -> NDArray:
        """Values of stacks, [m, 3, ...] if the network's units are single images, else as given."""
        return values[self.members] if channels == 1 else values

    def stacked_scores(self, scores: NDArray[np.floating]) -> NDArray[np.floating]:
        """Scores of the stacks, [m]: of single images' scores, [n], the highest of each stack's."""
        return scores[self.members].max(axis=1)

    @property
    def stacked_labels(self) -> NDArray[np.int64]:
        """Labels of the stacks, [m]."""
        return stacked_labels(self.labels, self.members)


@dataclass(frozen=True)
class Tolerances:
    """How sure the verifier must be of an image that counts as predictable.

    Attributes:
        mono: Of a single image.
        stacked: Of a stack, of which the beliefs in the three channels are multiplied.
    """

    mono: float = 0.8
    stacked: float = 0.5


def reconstruction_metrics(
    trained: TrainedAutoencoder, verifier: Verifier, test: DigitSet, tolerances: Tolerances
) -> dict[str, Metrics]:
    """How well test images are drawn again: the verifier's scores, and losses in nats an image.

    Args:
        trained: What draws them.
        verifier: What reads them.
        test: The images.
        tolerances: For predictability and accuracy.

    Returns:
        "mono", if the network takes single images, and "stacked".
    """
    units = test.units(trained.channels)
    logits = trained.logits(trained.latents(units))
    beliefs = classify(verifier, trained.joined(grey_levels(logits), trained.channels))
    scores = {
        "stacked": generation_scores(
            test.stacked(beliefs, trained.channels), tolerances.stacked, test.stacked_labels
        )
    }
    if trained.channels == 1:
        scores["mono"] = generation_scores(beliefs, tolerances.mono, test.labels)
    pixels = trained.network_pixels(units)
    metrics = {}
    for name, score in sorted(scores.items()):
        metrics[name] = {
            key: value
            for key, value in score.to_metrics().items()
            if key in ("predictability", "accuracy", "image_accuracy")
        }
    metrics["mono" if trained.channels == 1 else "stacked"] |= {
        "loss": -float(bernoulli_log_likelihood(pixels, logits).mean()),
        "squared_error": float(squared_error(pixels, logits).mean()),
    }
    return metrics


def real_metrics(
    verifier: Verifier,
    test: DigitSet,
    training: DigitSet,
    tolerances: Tolerances,
    count: int,
) -> dict[str, Metrics]:
    """What real test images reach, the ceiling of `generation_metrics`.

    Args:
        verifier: What reads them.
        test: The images; as many stacks as are asked of a sampler.
        training: For the Fréchet distances between the two.
        tolerances: For predictability.
        count: Stacks among "stacked"; "stacked_modes" are all of them.
    """
    reading = read_images(verifier, test.images)
    metrics = _metrics_of_singles(reading.beliefs, test.members, tolerances, count)
    features = [
        (test.members, reading.features),
        (training.members, read_images(verifier, training.images).features),
    ]
    metrics["mono"]["frechet_distance"] = frechet_distance(*(values for _, values in features))
    metrics["stacked"]["frechet_distance"] = frechet_distance(
        *(values[members[:count]].reshape(-1, 3 * values.shape[1]) for members, values in features)
    )
    return metrics


def generation_metrics(
    trained: TrainedAutoencoder,
    verifier: Verifier,
    sampler: Sampler,
    training_features: NDArray[np.float32],
    tolerances: Tolerances,
    *,
    count: int,
    modes: int,
    seed: int,
) -> dict[str, Metrics]:
    """What the verifier says of generated images.

    Stacks by a network of one channel are put together at random from the single images, as those
    of test images are, so that both have as many images to be made of.

    Args:
        trained: What draws them.
        verifier: What reads them.
        sampler: Where latents come from.
        training_features: Of as many real images, or of stacks for a network of three channels, for
            the Fréchet distance; see `verifier.read_images`.
        tolerances: For predictability.
        count: Single images among "mono", and stacks among "stacked".
        modes: Stacks among "stacked_modes", at least `count`.
        seed: Of the latents drawn, and of what stands together.

    Returns:
        "mono", if the network takes single images, "stacked" and "stacked_modes".

    Raises:
        ValueError: If there are fewer modes than the count.
    """
    if modes < count:
        raise ValueError(f"modes: {modes}, at least the count, {count}, expected")
    if trained.channels == 1:
        reading = read_images(verifier, trained.sample(count, sampler, 1, seed=seed))
        members = draw_stacks(count, modes, np.random.default_rng(seed))
        metrics = _metrics_of_singles(reading.beliefs, members, tolerances, count)
    else:
        reading = read_images(verifier, trained.sample(modes, sampler, 3, seed=seed))
        metrics = _metrics_of_stacks(reading.beliefs, tolerances, count)
    part = "mono" if trained.channels == 1 else "stacked"
    metrics[part]["frechet_distance"] = frechet_distance(
        reading.features[:count], training_features
    )
    return metrics


def mean_and_spread(repeated: Sequence[Mapping[str, Metrics]]) -> dict[str, Metrics]:
    """The mean of each number over repetitions, and beside it, as "…_spread", its deviation.

    Args:
        repeated: The same names in each; a number missing from one is left out.

    Example:
        >>> mean_and_spread([{"mono": {"coverage": 0.5}}, {"mono": {"coverage": 0.75}}])
        {'mono': {'coverage': 0.625, 'coverage_spread': 0.125}}
    """
    summary: dict[str, Metrics] = {}
    for part, first in repeated[0].items():
        summary[part] = {}
        for name in first:
            values = [metrics[part][name] for metrics in repeated if name in metrics[part]]
            if len(values) == len(repeated):
                summary[part][name] = float(np.mean(values))
                summary[part][f"{name}_spread"] = float(np.std(values))
    return summary


def _metrics_of_singles(
    beliefs: NDArray[np.float32],
    members: NDArray[np.int64],
    tolerances: Tolerances,
    count: int,
) -> dict[str, Metrics]:
    """Of single images, [n, 10], and of stacks of them."""
    mono = generation_scores(beliefs[:count], tolerances.mono)
    shares = mono.class_counts / max(1, mono.class_counts.sum())
    metrics = mono.to_metrics() | {f"share_{digit}": float(x) for digit, x in enumerate(shares)}
    return {"mono": metrics, **_metrics_of_stacks(beliefs[members], tolerances, count)}


def _metrics_of_stacks(
    beliefs: NDArray[np.float32], tolerances: Tolerances, count: int
) -> dict[str, Metrics]:
    """Of stacks, [n, 3, 10]."""
    return {
        "stacked": generation_scores(beliefs[:count], tolerances.stacked).to_metrics(),
        "stacked_modes": generation_scores(beliefs, tolerances.stacked).to_metrics(),
    }
