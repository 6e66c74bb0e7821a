"""The metrics by which autoencoders, and the verifier, are compared."""

from collections.abc import Callable, Mapping
from typing import Any

from stages.outputs.metrics import Metric

Scores = Mapping[str, Any]


def _at(*path: str) -> Callable[[Scores], float | None]:
    """Return what takes the score at a path; `{part}` and `{sampler}` are those of the model."""

    def value(scores: Scores) -> float | None:
        # The better sampler, and what the network itself generates: single images or stacks.
        sampler = scores["best_sampler"]
        part = "mono" if "mono" in scores["generation"][sampler] else "stacked"
        found: Any = scores
        for key in path:
            found = found.get(key.format(part=part, sampler=sampler)) if found else None
        return found

    return value


def _modes(scores: Scores) -> float:
    coverage = _at("generation", "{sampler}", "stacked_modes", "coverage")(scores)
    return round((coverage or 0.0) * 1000, 1)


FRECHET_DISTANCE = Metric(
    "frechet_distance",
    "Fréchet distance",
    ".4f",
    better="lower",
    note="between generated and real images, with the better sampler; it ranks",
    value=_at("generation", "{sampler}", "{part}", "frechet_distance"),
)
SQUARED_ERROR = Metric(
    "squared_error",
    "squared error",
    ".2f",
    better="lower",
    value=_at("reconstruction", "{part}", "squared_error"),
)
DETECTION = Metric(
    "anomaly_average_precision",
    "average precision",
    ".3f",
    better="higher",
    note="of the held-out digit, detected by the corrected anomaly score",
    value=_at("anomaly", "{part}", "corrected", "average_precision"),
)
METRICS = (
    FRECHET_DISTANCE,
    Metric(
        "predictability",
        "predictability",
        ".1%",
        better="higher",
        note="share of generated images that the verifier classifies with high probability",
        value=_at("generation", "{sampler}", "{part}", "predictability"),
    ),
    Metric(
        "stacked_predictability",
        "… of stacks",
        ".1%",
        better="higher",
        note="the same of images of three digits",
        value=_at("generation", "{sampler}", "stacked", "predictability"),
    ),
    Metric(
        "modes",
        "modes",
        ".0f",
        better="higher",
        note="of the 1,000 possible stacks of three digits, how many are generated",
        value=_modes,
    ),
    Metric(
        "reconstruction_accuracy",
        "accuracy of reconstructions",
        ".1%",
        better="higher",
        note="share of predictable reconstructions that the verifier classifies correctly",
        value=_at("reconstruction", "{part}", "accuracy"),
    ),
    SQUARED_ERROR,
    Metric(
        "nll",
        "NLL",
        ".2f",
        "nats",
        "lower",
        "negative log-likelihood",
        value=_at("likelihood", "nll"),
    ),
    Metric(
        "elbo",
        "ELBO",
        ".2f",
        "nats",
        "higher",
        "evidence lower bound",
        value=_at("likelihood", "elbo"),
    ),
    Metric(
        "anomaly_auroc",
        "AUROC",
        ".3f",
        better="higher",
        note="of the held-out digit, detected by the corrected anomaly score",
        value=_at("anomaly", "{part}", "corrected", "auroc"),
    ),
    DETECTION,
)
VERIFIER_METRICS = (
    Metric("accuracy", "test accuracy", ".2%", better="higher"),
    Metric("loss", "loss", ".4f", "nats", "lower"),
)
