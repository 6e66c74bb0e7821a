"""Evaluation of reconstructed digits by a verifier and by reconstruction errors."""

from pipelines.digits.data.digit_set import DigitSet
from pipelines.digits.evaluation.generation_scores import ConfidenceThresholds, generation_scores
from pipelines.digits.models.anomaly_score import squared_error
from pipelines.digits.models.generation import grey_levels
from pipelines.digits.models.likelihood import bernoulli_log_likelihood
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder
from pipelines.digits.models.verifier import Verifier, classify

__all__ = ["reconstruction_metrics"]


def reconstruction_metrics(
    trained: TrainedAutoencoder,
    verifier: Verifier,
    test: DigitSet,
    thresholds: ConfidenceThresholds,
) -> dict[str, dict[str, float]]:
    """Evaluate reconstructions of test images.

    Args:
        trained: Trained autoencoder.
        verifier: Classifier of single digits.
        test: Test images and stacks.
        thresholds: Confidence thresholds of predictable images.

    Returns:
        Metrics of "stacked" and, with one channel, of "single". They include the "loss" in nats per
        image and the "squared_error" for the images that the network processes.
    """
    units = test.units(trained.channels)
    logits = trained.logits(trained.latents(units))
    probabilities = classify(verifier, trained.joined(grey_levels(logits), trained.channels))
    scores = {
        "stacked": generation_scores(
            test.stacked(probabilities, trained.channels), thresholds.stacked, test.stacked_labels
        )
    }
    if trained.channels == 1:
        scores["single"] = generation_scores(probabilities, thresholds.single, test.labels)
    pixels = trained.network_pixels(units)
    metrics = {}
    for name, score in sorted(scores.items()):
        metrics[name] = {
            key: value
            for key, value in score.to_metrics().items()
            if key in ("predictability", "accuracy", "image_accuracy")
        }
    metrics["single" if trained.channels == 1 else "stacked"] |= {
        "loss": -float(bernoulli_log_likelihood(pixels, logits).mean()),
        "squared_error": float(squared_error(pixels, logits).mean()),
    }
    return metrics
