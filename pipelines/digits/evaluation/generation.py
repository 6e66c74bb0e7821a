"""Evaluation of generated digits by a verifier, with real digits as the reference.

Networks with one channel are evaluated on single images and on stacks. Networks with three channels
are evaluated on stacks only.
"""

from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from pipelines.digits.data.digit_set import DigitSet
from pipelines.digits.data.stacking import draw_stacks
from pipelines.digits.evaluation.frechet import frechet_distance
from pipelines.digits.evaluation.generation_scores import ConfidenceThresholds, generation_scores
from pipelines.digits.models.trained_autoencoder import Sampler, TrainedAutoencoder
from pipelines.digits.models.verifier import Verifier, read_images

__all__ = ["best_sampler", "generation_metrics", "mean_and_std", "real_metrics", "sample_sets"]

Metrics = dict[str, float]


def best_sampler(generation: Mapping[Sampler, Mapping[str, Metrics]]) -> Sampler:
    """Return the sampler with the lowest Fréchet distance to real images.

    Args:
        generation: Metrics of each sampler from `generation_metrics`.
    """

    def distance(sampler: Sampler) -> float:
        name = "frechet_distance"
        return next(metrics[name] for metrics in generation[sampler].values() if name in metrics)

    return min(get_args(Sampler), key=distance)


def sample_sets(
    trained: TrainedAutoencoder, sampler: Sampler, count: int, *, seed: int
) -> dict[str, NDArray[np.uint8]]:
    """Generate single images ("single") if the network has one channel, and stacks ("stacked").

    Args:
        trained: Trained autoencoder.
        sampler: Density of the latents.
        count: Number of single images and of stacks.
        seed: Seed of the latents.
    """
    kinds = {"single": 1, "stacked": 3} if trained.channels == 1 else {"stacked": 3}
    return {
        name: trained.sample(count, sampler, channels, seed=seed)
        for name, channels in kinds.items()
    }


def real_metrics(
    verifier: Verifier,
    test: DigitSet,
    training: DigitSet,
    thresholds: ConfidenceThresholds,
    count: int,
) -> dict[str, Metrics]:
    """Return the metrics of real test images, the reference for `generation_metrics`.

    Args:
        verifier: Classifier of single digits.
        test: Test images with as many stacks as a sampler generates.
        training: Training images and stacks for the Fréchet distances.
        thresholds: Confidence thresholds of predictable images.
        count: Number of stacks for "stacked". "stacked_modes" includes all stacks.

    Returns:
        Metrics of "single", "stacked" and "stacked_modes".
    """
    reading = read_images(verifier, test.images)
    metrics = _metrics_of_singles(reading.probabilities, test.members, thresholds, count)
    features = [
        (test.members, reading.features),
        (training.members, read_images(verifier, training.images).features),
    ]
    metrics["single"]["frechet_distance"] = frechet_distance(*(values for _, values in features))
    metrics["stacked"]["frechet_distance"] = frechet_distance(
        *(values[members[:count]].reshape(-1, 3 * values.shape[1]) for members, values in features)
    )
    return metrics


def generation_metrics(
    trained: TrainedAutoencoder,
    verifier: Verifier,
    sampler: Sampler,
    training_features: NDArray[np.float32],
    thresholds: ConfidenceThresholds,
    *,
    count: int,
    modes: int,
    seed: int,
) -> dict[str, Metrics]:
    """Evaluate generated images with the verifier.

    With one channel, the stacks are random combinations of the generated single images, as they are
    for test images.

    Args:
        trained: Trained autoencoder.
        verifier: Classifier of single digits.
        sampler: Density of the latents.
        training_features: Features of `count` training images for the Fréchet distance, or of
            `count` stacks with three channels; see `verifier.read_images`.
        thresholds: Confidence thresholds of predictable images.
        count: Number of single images for "single" and of stacks for "stacked".
        modes: Number of stacks for "stacked_modes", at least `count`.
        seed: Seed of the latents and of the stacks.

    Returns:
        Metrics of "stacked" and "stacked_modes". With one channel, also metrics of "single".

    Raises:
        ValueError: If `modes` is less than `count`.
    """
    if modes < count:
        raise ValueError(f"modes: {modes}, expected at least the count {count}")
    if trained.channels == 1:
        reading = read_images(verifier, trained.sample(count, sampler, 1, seed=seed))
        members = draw_stacks(count, modes, np.random.default_rng(seed))
        metrics = _metrics_of_singles(reading.probabilities, members, thresholds, count)
    else:
        reading = read_images(verifier, trained.sample(modes, sampler, 3, seed=seed))
        metrics = _metrics_of_stacks(reading.probabilities, thresholds, count)
    kind = "single" if trained.channels == 1 else "stacked"
    metrics[kind]["frechet_distance"] = frechet_distance(
        reading.features[:count], training_features
    )
    return metrics


def mean_and_std(repeated: Sequence[Mapping[str, Metrics]]) -> dict[str, Metrics]:
    """Return the mean of each metric over repetitions, and its standard deviation as "…_std".

    Args:
        repeated: Metrics of each repetition. Metrics that a repetition lacks are omitted.

    Example:
        >>> mean_and_std([{"single": {"coverage": 0.5}}, {"single": {"coverage": 0.75}}])
        {'single': {'coverage': 0.625, 'coverage_std': 0.125}}
    """
    summary: dict[str, Metrics] = {}
    for kind, first in repeated[0].items():
        summary[kind] = {}
        for name in first:
            values = [metrics[kind][name] for metrics in repeated if name in metrics[kind]]
            if len(values) == len(repeated):
                summary[kind][name] = float(np.mean(values))
                summary[kind][f"{name}_std"] = float(np.std(values))
    return summary


def _metrics_of_singles(
    probabilities: NDArray[np.float32],
    members: NDArray[np.int64],
    thresholds: ConfidenceThresholds,
    count: int,
) -> dict[str, Metrics]:
    """Return the metrics of single images and their stacks from probabilities, [n, 10]."""
    single = generation_scores(probabilities[:count], thresholds.single)
    shares = single.class_counts / max(1, single.class_counts.sum())
    metrics = single.to_metrics() | {f"share_{digit}": float(x) for digit, x in enumerate(shares)}
    return {"single": metrics, **_metrics_of_stacks(probabilities[members], thresholds, count)}


def _metrics_of_stacks(
    probabilities: NDArray[np.float32], thresholds: ConfidenceThresholds, count: int
) -> dict[str, Metrics]:
    """Return the metrics of stacks from probabilities, [n, 3, 10]."""
    return {
        "stacked": generation_scores(probabilities[:count], thresholds.stacked).to_metrics(),
        "stacked_modes": generation_scores(probabilities, thresholds.stacked).to_metrics(),
    }
