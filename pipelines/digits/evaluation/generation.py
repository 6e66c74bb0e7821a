"""Evaluation of generated digits by a verifier, beside what real digits reach.

A network of one channel is evaluated on single images and on stacks of them, whose channels it
takes one by one. A network of three channels is evaluated on stacks alone.
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
    """Return the sampler whose images are nearest to real ones in the verifier's features.

    Args:
        generation: Metrics of each sampler, as `generation_metrics` returns them.
    """

    def distance(sampler: Sampler) -> float:
        parts = generation[sampler].values()
        name = "frechet_distance"
        return next(part[name] for part in parts if name in part)

    return min(get_args(Sampler), key=distance)


def sample_sets(
    trained: TrainedAutoencoder, sampler: Sampler, count: int, *, seed: int
) -> dict[str, NDArray[np.uint8]]:
    """Generate as many single images ("single") and stacks ("stacked") as the network can."""
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
    """Return what real test images reach, the ceiling of `generation_metrics`.

    Args:
        verifier: The classifier of single digits.
        test: The images; as many stacks as are asked of a sampler.
        training: For the Fréchet distances between the two.
        thresholds: For predictability.
        count: Stacks among "stacked"; "stacked_modes" are all of them.
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
    """Evaluate generated images by the verifier.

    The stacks of a network of one channel are drawn from its single images, as those of test images
    are.

    Args:
        trained: The model.
        verifier: The classifier of single digits.
        sampler: Where latents come from.
        training_features: Of as many real images, or of stacks for a network of three channels, for
            the Fréchet distance; see `verifier.read_images`.
        thresholds: For predictability.
        count: Single images among "single", and stacks among "stacked".
        modes: Stacks among "stacked_modes", at least `count`.
        seed: Of the latents drawn, and of the stacks.

    Returns:
        "single", if the network takes single images, "stacked" and "stacked_modes".

    Raises:
        ValueError: If there are fewer modes than the count.
    """
    if modes < count:
        raise ValueError(f"modes: {modes}, at least the count, {count}, expected")
    if trained.channels == 1:
        reading = read_images(verifier, trained.sample(count, sampler, 1, seed=seed))
        members = draw_stacks(count, modes, np.random.default_rng(seed))
        metrics = _metrics_of_singles(reading.probabilities, members, thresholds, count)
    else:
        reading = read_images(verifier, trained.sample(modes, sampler, 3, seed=seed))
        metrics = _metrics_of_stacks(reading.probabilities, thresholds, count)
    part = "single" if trained.channels == 1 else "stacked"
    metrics[part]["frechet_distance"] = frechet_distance(
        reading.features[:count], training_features
    )
    return metrics


def mean_and_std(repeated: Sequence[Mapping[str, Metrics]]) -> dict[str, Metrics]:
    """Return the mean of each number over repetitions, and as "…_std" its standard deviation.

    Args:
        repeated: The same names in each; a number missing from one is left out.

    Example:
        >>> mean_and_std([{"single": {"coverage": 0.5}}, {"single": {"coverage": 0.75}}])
        {'single': {'coverage': 0.625, 'coverage_std': 0.125}}
    """
    summary: dict[str, Metrics] = {}
    for part, first in repeated[0].items():
        summary[part] = {}
        for name in first:
            values = [metrics[part][name] for metrics in repeated if name in metrics[part]]
            if len(values) == len(repeated):
                summary[part][name] = float(np.mean(values))
                summary[part][f"{name}_std"] = float(np.std(values))
    return summary


def _metrics_of_singles(
    probabilities: NDArray[np.float32],
    members: NDArray[np.int64],
    thresholds: ConfidenceThresholds,
    count: int,
) -> dict[str, Metrics]:
    """Return metrics of single images, [n, 10], and of stacks of them."""
    single = generation_scores(probabilities[:count], thresholds.single)
    shares = single.class_counts / max(1, single.class_counts.sum())
    metrics = single.to_metrics() | {f"share_{digit}": float(x) for digit, x in enumerate(shares)}
    return {"single": metrics, **_metrics_of_stacks(probabilities[members], thresholds, count)}


def _metrics_of_stacks(
    probabilities: NDArray[np.float32], thresholds: ConfidenceThresholds, count: int
) -> dict[str, Metrics]:
    """Return metrics of stacks, [n, 3, 10]."""
    return {
        "stacked": generation_scores(probabilities[:count], thresholds.stacked).to_metrics(),
        "stacked_modes": generation_scores(probabilities, thresholds.stacked).to_metrics(),
    }
