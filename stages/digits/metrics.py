"""Metrics of the autoencoders and of the verifier.

They refer to what a network was trained on: single images, or stacks if `in_channels` is 3. Metrics
of stacks have "stacked" in their names.
"""

from collections.abc import Callable, Mapping
from typing import Any

from stages.outputs.metrics import Metric

Scores = Mapping[str, Any]


def _at(*path: str) -> Callable[[Scores], float | None]:
    """Return a function that looks up a score.

    Args:
        path: Keys. `{kind}` stands for single or stacked, as the network was trained, and
            `{sampler}` for the sampler with the better samples.
    """

    def value(scores: Scores) -> float | None:
        sampler = scores["best_sampler"]
        kind = "single" if "single" in scores["generation"][sampler] else "stacked"
        score: Any = scores
        for key in path:
            score = score.get(key.format(kind=kind, sampler=sampler)) if score else None
        return score

    return value


def _modes(scores: Scores) -> float:
    coverage = _at("generation", "{sampler}", "stacked_modes", "coverage")(scores)
    return round((coverage or 0.0) * 1000, 1)


_HELD_OUT = "against the other test digits, by the density-corrected anomaly score"

FRECHET_DISTANCE = Metric(
    "frechet_distance",
    "Fréchet distance",
    ".4f",
    better="lower",
    note="between generated and training images, in the features of the verifier",
    value=_at("generation", "{sampler}", "{kind}", "frechet_distance"),
)
SQUARED_ERROR = Metric(
    "squared_error",
    "squared error",
    ".2f",
    better="lower",
    note="of reconstructed test images, summed over the pixels",
    value=_at("reconstruction", "{kind}", "squared_error"),
)
DETECTION = Metric(
    "anomaly_average_precision",
    "average precision, held-out digit",
    ".3f",
    better="higher",
    note=_HELD_OUT,
    value=_at("anomaly", "{kind}", "density_corrected", "average_precision"),
)
NLL = Metric(
    "nll",
    "NLL",
    ".2f",
    "nats",
    "lower",
    "negative log-likelihood of test images",
    value=_at("likelihood", "nll"),
)
METRICS = (
    FRECHET_DISTANCE,
    Metric(
        "predictability",
        "predictability, single images",
        ".1%",
        better="higher",
        note="share of generated images that the verifier classifies with high confidence",
        value=_at("generation", "{sampler}", "{kind}", "predictability"),
    ),
    Metric(
        "stacked_predictability",
        "predictability, stacks",
        ".1%",
        better="higher",
        note="the same share of generated stacks of three digits",
        value=_at("generation", "{sampler}", "stacked", "predictability"),
    ),
    Metric(
        "modes",
        "modes",
        ".0f",
        better="higher",
        note="classes among generated stacks, of 1,000 possible ones",
        value=_modes,
    ),
    Metric(
        "reconstruction_accuracy",
        "reconstruction accuracy",
        ".1%",
        better="higher",
        note="share of predictable reconstructions that the verifier classifies correctly",
        value=_at("reconstruction", "{kind}", "accuracy"),
    ),
    SQUARED_ERROR,
    NLL,
    Metric(
        "elbo",
        "ELBO",
        ".2f",
        "nats",
        "higher",
        "evidence lower bound of test images",
        value=_at("likelihood", "elbo"),
    ),
    Metric(
        "anomaly_auroc",
        "AUROC, held-out digit",
        ".3f",
        better="higher",
        note=_HELD_OUT,
        value=_at("anomaly", "{kind}", "density_corrected", "auroc"),
    ),
    DETECTION,
)
VERIFIER_METRICS = (
    Metric("accuracy", "accuracy", ".2%", better="higher", note="on test digits"),
    Metric("loss", "cross-entropy", ".4f", "nats", "lower", "on test digits"),
)
