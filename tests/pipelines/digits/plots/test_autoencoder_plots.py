"""Every plot of an autoencoder is drawn, and its titles and labels fit into it."""

import numpy as np
import pandas as pd
import pytest
import torch

from pipelines.digits.data.digit_set import DigitSet
from pipelines.digits.data.mnist import small_digits
from pipelines.digits.evaluation.anomaly import anomaly_columns
from pipelines.digits.models.autoencoder import Architecture
from pipelines.digits.models.kinds import KINDS
from pipelines.digits.models.trained_autoencoder import with_latents_of
from pipelines.digits.models.training_samples import TrainingSamples
from pipelines.digits.plots.autoencoder import draw_autoencoder
from pipelines.digits.plots.generation import GAP

NAME = "vae_held_out_digit"
SIDE = 28 + GAP


@pytest.fixture(scope="module")
def test_digits() -> DigitSet:
    digits = small_digits()
    return DigitSet.draw(digits.test_images, digits.test_labels, 100, np.random.default_rng(0))


@pytest.fixture(scope="module", params=[("autoencoder", 1), ("variational", 1), ("variational", 3)])
def trained(request, test_digits):
    kind, channels = request.param
    torch.manual_seed(0)
    architecture = Architecture(channels, latent_dim=9, widths=[4], hidden_dim=16)
    network = KINDS[kind].network(architecture)
    return with_latents_of(test_digits.units(channels), network, "none", components=2, seed=0)


@pytest.fixture(scope="module")
def figures(trained, test_digits):
    history = pd.DataFrame({"epoch": [1, 2], "validation/loss": [200.0, 150.0]})
    shape = (2, 8, 28, 28) if trained.channels == 1 else (2, 8, 28, 28, 3)
    samples = TrainingSamples(np.array([0.5, 2]), np.zeros(shape, np.uint8))
    columns = anomaly_columns(
        trained, test_digits.units(trained.channels), marginal_samples=20, seed=0
    )
    arguments = NAME, trained, history, samples, test_digits, columns
    return dict(draw_autoencoder(*arguments, held_out_digit=8, seed=0))


def test_single_digits_come_before_stacks(trained, figures):
    by_part = [
        "reconstructions",
        "samples_prior",
        "samples_mixture",
        "anomalies",
        "score_histograms",
    ]
    parts = ["single", "stacked"] if trained.channels == 1 else ["stacked"]
    assert list(figures) == [
        "loss_curves",
        "samples_during_training",
        "latent_map",
        "latent_interpolation",
        "latent_walk",
        *(f"{name}_{part}" for part in parts for name in by_part),
    ]


def test_every_title_names_the_variant_and_fits_into_the_picture(figures):
    for name, figure in figures.items():
        assert NAME in figure.get_suptitle(), name
        figure.draw_without_rendering()
        assert figure.get_figwidth() <= 8, name
        boxes = [figure._suptitle.get_window_extent()]
        boxes += [axes.get_tightbbox() for axes in figure.axes]
        for box in boxes:
            assert box.x0 >= 0, name
            assert box.x1 <= figure.bbox.x1, name


def test_an_interpolation_leads_from_one_reconstruction_to_another(trained, figures, test_digits):
    units = test_digits.units(trained.channels)
    labels = test_digits.labels if trained.channels == 1 else test_digits.stacked_labels
    first = next(index for index in range(0, 100, 2) if labels[index] != labels[index + 1])
    start, end = trained.reconstruct(units[first : first + 2])
    (axes,) = figures["latent_interpolation"].axes
    mosaic = np.asarray(axes.images[0].get_array())
    if trained.channels == 1:
        start, end = 255 - start, 255 - end
    np.testing.assert_array_equal(mosaic[GAP:SIDE, GAP:SIDE], start)
    np.testing.assert_array_equal(mosaic[GAP:SIDE, 9 * SIDE + GAP : 10 * SIDE], end)


def test_every_row_of_a_latent_walk_has_the_mean_of_the_prior_in_the_middle(trained, figures):
    (mean,) = trained.images(trained.prior.means.float(), trained.channels)
    (axes,) = figures["latent_walk"].axes
    mosaic = np.asarray(axes.images[0].get_array())
    left = 3 * SIDE + GAP
    for top in GAP + SIDE * np.arange(8):
        middle = mosaic[top : top + 28, left : left + 28]
        np.testing.assert_array_equal(middle, 255 - mean if trained.channels == 1 else mean)
    assert [label.get_text() for label in axes.get_xticklabels()][::3] == ["−3", "0", "3"]
