"""Every plot of an autoencoder: its latents, reconstructions, samples and anomalies."""

from collections.abc import Iterator, Mapping
from typing import get_args

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pipelines.digits.data.digit_set import DigitSet
from pipelines.digits.data.stacking import channel_digits
from pipelines.digits.evaluation.anomaly import holds_digit
from pipelines.digits.models.generation import latent_walk
from pipelines.digits.models.trained_autoencoder import Sampler, TrainedAutoencoder
from pipelines.digits.plots.anomalies import extreme_images, score_histograms
from pipelines.digits.plots.generation import (
    latent_map,
    latent_plane,
    latent_walks,
    reconstructions,
    sample_grid,
)
from pipelines.pictures import loss_curves

__all__ = ["draw_autoencoder"]

SHOWN = 64
SAMPLES = 200
WALKS, STEPS = 8, 12
MAPPED = 2000  # t-SNE of more takes long and shows no more


def draw_autoencoder(
    name: str,
    trained: TrainedAutoencoder,
    history: pd.DataFrame,
    test: DigitSet,
    anomaly_columns: Mapping[str, NDArray[np.floating]],
    *,
    held_out_digit: int | None = None,
    seed: int,
) -> Iterator[tuple[str, Figure]]:
    """Draw every plot of an autoencoder.

    Args:
        name: Of the model, for the titles.
        trained: The autoencoder.
        history: Of its training.
        test: Images that it was not trained on.
        anomaly_columns: Anomaly scores of the units of the test images, by name.
        held_out_digit: The digit that its training images did not show, if any.
        seed: Of the samples.

    Yields:
        Name and figure.
    """
    yield "loss_curves", loss_curves(history, f"Training {name}")
    yield "latent_map", _map_of_latents(name, trained, test, seed)
    for channels in sorted({3, trained.channels}):
        part = "mono" if channels == 1 else "stacked"
        images = test.units(channels)[:SHOWN]
        title = f"Test digits, {name}"
        yield (
            f"reconstructions_{part}",
            reconstructions(images, trained.reconstruct(images), title),
        )
        for sampler in get_args(Sampler):
            samples = trained.sample(SAMPLES, sampler, channels, seed=seed)
            title = f"{_title_of(sampler, trained)}, {name}"
            yield f"samples_{sampler}_{part}", sample_grid(samples, title)
        yield f"latent_walks_{part}", _walks(name, trained, test, channels)
        if held_out_digit is not None:
            yield from _anomalies(name, trained, test, held_out_digit, anomaly_columns, channels)


def _title_of(sampler: Sampler, trained: TrainedAutoencoder) -> str:
    if sampler == "mixture":
        return f"Generated from a mixture of {len(trained.mixture.weights)} normal distributions"
    return "Generated from N(0, I)" if trained.variational else "Generated from independent normals"


def _map_of_latents(name: str, trained: TrainedAutoencoder, test: DigitSet, seed: int) -> Figure:
    """Draw the latents of test images in two dimensions."""
    units = test.units(trained.channels)[:MAPPED]
    labels, title = test.labels[: len(units)], f"Latents of test digits, {name}"
    if trained.channels == 3:
        labels = channel_digits(test.stacked_labels[: len(units)], 3)[:, 0]
        title = f"Latents of stacks by the digit in red, {name}"
    return latent_map(latent_plane(trained.latents(units), seed=seed % 2**32), labels, title)


def _walks(name: str, trained: TrainedAutoencoder, test: DigitSet, channels: int) -> Figure:
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
    return latent_walks(drawn, names, f"From digit to digit through the latents, {name}")


def _anomalies(
    name: str,
    trained: TrainedAutoencoder,
    test: DigitSet,
    digit: int,
    columns: Mapping[str, NDArray[np.floating]],
    channels: int,
) -> Iterator[tuple[str, Figure]]:
    """Draw the most and least anomalous images, and how well each score finds the digit."""
    part = "mono" if channels == 1 else "stacked"
    images = test.units(channels)
    labels = test.labels if channels == 1 else test.stacked_labels
    if channels != trained.channels:
        columns = {each: test.stacked_scores(values) for each, values in columns.items()}
    anomalous, scores = holds_digit(labels, digit, channels), columns["corrected"]
    order = np.argsort(-scores, kind="stable")
    extremes = np.r_[order[:20], order[-20:]]
    yield (
        f"anomalies_{part}",
        extreme_images(
            images[extremes],
            trained.reconstruct(images[extremes]),
            scores[extremes],
            anomalous[extremes],
            f"Without {digit} in training, by the score “corrected”, {name}",
        ),
    )
    title = f"Anomaly scores of test digits, {name}"
    yield f"score_histograms_{part}", score_histograms(columns, anomalous, title)
