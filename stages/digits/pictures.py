"""The pictures of an autoencoder: what it makes of digits, and what it finds strange."""

from collections.abc import Iterator, Mapping
from typing import get_args

import numpy as np
import pandas as pd

from pipelines.digits.anomaly import holds_digit
from pipelines.digits.anomaly_plots import extreme_images, score_histograms
from pipelines.digits.generation import latent_walk
from pipelines.digits.generation_plots import (
    latent_map,
    latent_walks,
    reconstructions,
    sample_grid,
)
from pipelines.digits.latents import latent_plane
from pipelines.digits.stacking import channel_digits
from pipelines.digits.trained_autoencoder import Sampler, TrainedAutoencoder
from pipelines.digits.verifier_metrics import DigitSet
from pipelines.pictures import Figure, loss_curves

SHOWN = 64
SAMPLES = 200
WALKS, STEPS = 8, 12
MAPPED = 2000  # t-SNE of more takes long and shows no more


def pictures(
    variant: str,
    trained: TrainedAutoencoder,
    history: pd.DataFrame,
    test: DigitSet,
    missing: int | None,
    scores: Mapping[str, np.ndarray],
    seed: int,
) -> Iterator[tuple[str, Figure]]:
    """Draw every picture of a variant.

    Args:
        variant: its name.
        trained: what is shown.
        history: of its training.
        test: images that it has not seen.
        missing: the digit that its training images did not show, if any.
        scores: how strange it finds the units of the test images, by score.
        seed: of the samples.

    Yields:
        Name and picture.
    """
    yield "loss_curves", loss_curves(history, f"Training {variant}")
    yield "latent_map", map_of_latents(variant, trained, test, seed)
    for channels in sorted({3, trained.channels}):
        kind = "mono" if channels == 1 else "stacked"
        images = test.units(channels)
        yield (
            f"reconstructions_{kind}",
            reconstructions(
                images[:SHOWN], trained.reconstruct(images[:SHOWN]), f"Test digits, {variant}"
            ),
        )
        for sampler in get_args(Sampler):
            drawn = trained.sample(SAMPLES, sampler, channels, seed=seed)
            yield (
                f"samples_{sampler}_{kind}",
                sample_grid(drawn, f"{title_of(sampler, trained)}, {variant}"),
            )
        yield f"latent_walks_{kind}", walks(variant, trained, test, channels)
        if missing is not None:
            yield from anomaly_pictures(variant, trained, test, missing, scores, channels)


def title_of(sampler: Sampler, trained: TrainedAutoencoder) -> str:
    """Say where generated images come from."""
    if sampler == "mixture":
        return f"Generated from a mixture of {len(trained.mixture.weights)} normal distributions"
    return "Generated from N(0, I)" if trained.variational else "Generated from independent normals"


def map_of_latents(variant: str, trained: TrainedAutoencoder, test: DigitSet, seed: int) -> Figure:
    """Draw the latents of test images in two dimensions."""
    units = test.units(trained.channels)[:MAPPED]
    labels, title = test.labels[: len(units)], f"Latents of test digits, {variant}"
    if trained.channels == 3:
        labels = channel_digits(test.stacked_labels[: len(units)], 3)[:, 0]
        title = f"Latents of stacks by the digit in red, {variant}"
    return latent_map(latent_plane(trained.latents(units), seed=seed % 2**32), labels, title)


def walks(variant: str, trained: TrainedAutoencoder, test: DigitSet, channels: int) -> Figure:
    """Draw walks between the latents of pairs of test images of different classes."""
    images = test.units(channels)
    labels = test.labels if channels == 1 else test.stacked_labels
    digits = channel_digits(labels, channels)
    ends = [
        2 * pair for pair in range(len(images) // 2) if labels[2 * pair] != labels[2 * pair + 1]
    ]
    starts = np.array(ends[:WALKS])
    latents = [
        trained.latents(images[chosen]).view(len(starts), -1, trained.latent)
        for chosen in (starts, starts + 1)
    ]
    path = latent_walk(*latents, STEPS).transpose(0, 1).reshape(-1, trained.latent)
    drawn = trained.images(path, channels).reshape(len(starts), STEPS, *images.shape[1:])
    names = [
        " → ".join(" ".join(map(str, digits[end])) for end in (start, start + 1))
        for start in starts
    ]
    return latent_walks(drawn, names, f"From digit to digit through the latents, {variant}")


def anomaly_pictures(
    variant: str,
    trained: TrainedAutoencoder,
    test: DigitSet,
    missing: int,
    scores: Mapping[str, np.ndarray],
    channels: int,
) -> Iterator[tuple[str, Figure]]:
    """Draw what the variant finds strange, and how well each score tells the missing digit."""
    kind = "mono" if channels == 1 else "stacked"
    images = test.units(channels)
    labels = test.labels if channels == 1 else test.stacked_labels
    if channels != trained.channels:
        scores = {name: test.stacked_scores(values) for name, values in scores.items()}
    anomalous = holds_digit(labels, missing, channels)
    order = np.argsort(-scores["corrected"], kind="stable")
    extremes = np.r_[order[:20], order[-20:]]
    yield (
        f"anomalies_{kind}",
        extreme_images(
            images[extremes],
            trained.reconstruct(images[extremes]),
            scores["corrected"][extremes],
            anomalous[extremes],
            f"Without {missing} in training, by the score “corrected”, {variant}",
        ),
    )
    yield (
        f"score_histograms_{kind}",
        score_histograms(scores, anomalous, f"Anomaly scores of test digits, {variant}"),
    )
