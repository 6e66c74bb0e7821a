"""Evaluation of an autoencoder: reconstruction, generation, anomalies and likelihood."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from pipelines.digits.data.digit_set import DigitSet
from pipelines.digits.data.mnist import Digits
from pipelines.digits.evaluation.anomaly import anomaly_columns, anomaly_metrics
from pipelines.digits.evaluation.generation import (
    best_sampler,
    generation_metrics,
    mean_and_std,
    real_metrics,
)
from pipelines.digits.evaluation.generation_scores import ConfidenceThresholds
from pipelines.digits.evaluation.likelihood import likelihood_metrics
from pipelines.digits.evaluation.reconstruction import reconstruction_metrics
from pipelines.digits.models.trained_autoencoder import Sampler, TrainedAutoencoder
from pipelines.digits.models.verifier import Verifier, read_images
from pipelines.progress import progress

__all__ = [
    "AutoencoderEvaluation",
    "EvaluationDigits",
    "EvaluationSettings",
    "evaluate_autoencoder",
]


@dataclass(frozen=True)
class EvaluationSettings:
    """Settings of an evaluation.

    Attributes:
        confidence_threshold: Smallest confidence of the verifier in a predictable image.
        samples: Number of generated single images and of generated stacks.
        mode_samples: Number of generated stacks for the 1,000 modes, at least `samples`.
        sampling_seeds: Number of repetitions of the generation with different seeds.
        likelihood_images: Number of test images for importance sampling of the likelihood.
        likelihood_samples: Number of latents sampled for each of these images.
        marginal_samples: Number of samples from the prior in the anomaly score by p(x).
    """

    confidence_threshold: ConfidenceThresholds = field(default_factory=ConfidenceThresholds)
    samples: int = 10_000
    mode_samples: int = 26_000
    sampling_seeds: int = 5
    likelihood_images: int = 200
    likelihood_samples: int = 200
    marginal_samples: int = 10_000


@dataclass(frozen=True, eq=False)
class EvaluationDigits:
    """Digits for the evaluation of autoencoders.

    Attributes:
        test: Test digits with `samples` stacks, the input of the autoencoders.
        real: Test digits with `mode_samples` stacks, for comparison with generated digits.
        training: Training digits in the same numbers as `real`.
    """

    test: DigitSet
    real: DigitSet
    training: DigitSet

    @classmethod
    def draw(cls, digits: Digits, settings: EvaluationSettings, seed: int) -> "EvaluationDigits":
        """Sample the stacks, which are the same for all autoencoders.

        Args:
            digits: Single digits.
            settings: Settings of the evaluation.
            seed: Seed of the stacks.
        """
        generator, count = np.random.default_rng(seed), len(digits.test_labels)
        real, training = (
            DigitSet.draw(images, labels, settings.mode_samples, generator)
            for images, labels in (
                (digits.test_images, digits.test_labels),
                (digits.train_images[:count], digits.train_labels[:count]),
            )
        )
        test = replace(real, members=real.members[: settings.samples])
        return cls(test, real, training)


@dataclass(frozen=True, eq=False)
class AutoencoderEvaluation:
    """Result of the evaluation of an autoencoder.

    Attributes:
        metrics: "reconstruction", "generation" by sampler, "best_sampler", and "real" with the
            values of real digits. "anomaly" is included if a digit was held out, and "likelihood"
            if the autoencoder is variational.
        anomaly_columns: Anomaly scores of the test images or stacks by name.
    """

    metrics: dict[str, Any]
    anomaly_columns: Mapping[str, NDArray[np.floating]]

    @property
    def best_sampler(self) -> Sampler:
        """Sampler with the lowest Fréchet distance to real images."""
        return self.metrics["best_sampler"]


def evaluate_autoencoder(
    trained: TrainedAutoencoder,
    verifier: Verifier,
    digits: EvaluationDigits,
    settings: EvaluationSettings,
    *,
    held_out_digit: int | None = None,
    seed: int,
) -> AutoencoderEvaluation:
    """Evaluate reconstruction, generation, anomaly detection and likelihood.

    Args:
        trained: Trained autoencoder.
        verifier: Classifier of single digits.
        digits: Digits for the evaluation.
        settings: Settings of the evaluation.
        held_out_digit: Digit that is missing from the training images, if any.
        seed: Seed of all random numbers.

    Returns:
        Metrics and anomaly scores.

    Raises:
        ValueError: If an argument is out of range.
    """
    thresholds, test = settings.confidence_threshold, digits.test
    units = test.units(trained.channels)
    training_units = digits.training.units(trained.channels)[: settings.samples]
    training_features = read_images(verifier, training_units).features
    columns = anomaly_columns(trained, units, marginal_samples=settings.marginal_samples, seed=seed)

    def generation(sampler: Sampler) -> dict[str, dict[str, float]]:
        seeds = range(seed, seed + settings.sampling_seeds)
        return mean_and_std(
            [
                generation_metrics(
                    *(trained, verifier, sampler, training_features, thresholds),
                    count=settings.samples,
                    modes=settings.mode_samples,
                    seed=sampling_seed,
                )
                for sampling_seed in progress(seeds, f"evaluating samples of the {sampler}")
            ]
        )

    by_sampler = {sampler: generation(sampler) for sampler in get_args(Sampler)}
    metrics: dict[str, Any] = {
        "reconstruction": reconstruction_metrics(trained, verifier, test, thresholds),
        "generation": by_sampler,
        "best_sampler": best_sampler(by_sampler),
    }
    if held_out_digit is not None:
        metrics["anomaly"] = anomaly_metrics(columns, test, trained.channels, held_out_digit)
    if trained.variational:
        metrics["likelihood"] = likelihood_metrics(
            *(trained, units),
            count=settings.likelihood_images,
            samples=settings.likelihood_samples,
            seed=seed,
        )
    metrics["real"] = real_metrics(
        verifier, digits.real, digits.training, thresholds, settings.samples
    )
    return AutoencoderEvaluation(metrics, columns)
