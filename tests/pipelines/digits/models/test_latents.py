"""Densities of latents agree with SciPy and are saved, and latents are decoded."""

import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.stats import kstest, multivariate_normal, norm

from pipelines.digits.models.generation import decoded_images, latent_walk
from pipelines.digits.models.latents import (
    independent_normals,
    load_density,
    save_density,
    standard_normal,
)


def test_the_density_of_a_mixture_is_the_weighted_sum_of_its_normal_densities(mixture, generator):
    points = mixture.sample(50, generator)
    expected = sum(
        weight * multivariate_normal(mean, factor @ factor.T).pdf(points)
        for weight, mean, factor in zip(
            mixture.weights.numpy(), mixture.means.numpy(), mixture.factors.numpy(), strict=True
        )
    )
    assert mixture.log_density(points).numpy() == pytest.approx(np.log(expected), rel=1e-9)


def test_samples_come_from_each_component_by_its_weight_with_its_moments(mixture, generator):
    samples = mixture.sample(20_000, generator)
    assert samples.dtype == torch.float32
    assert torch.equal(mixture.sample(20_000, generator.manual_seed(0)), samples)
    samples = samples.double()
    first = samples[:, 0] < 15
    assert float(first.double().mean()) == pytest.approx(0.3, abs=0.015)
    for mean, factor, members in zip(
        mixture.means, mixture.factors, (samples[first], samples[~first]), strict=True
    ):
        assert members.mean(0).numpy() == pytest.approx(mean.numpy(), abs=0.1)
        assert members.T.cov().numpy() == pytest.approx((factor @ factor.T).numpy(), abs=0.25)


def test_the_standard_normal_has_its_density_and_samples(generator):
    density = standard_normal(4)
    samples = density.sample(5000, generator)
    assert kstest(samples.flatten(), norm.cdf).pvalue > 1e-3
    assert density.log_density(samples).numpy() == pytest.approx(norm.logpdf(samples).sum(1))


def test_independent_normals_have_the_moments_of_each_coordinate_and_no_correlation(latents):
    density = independent_normals(latents)
    means, stds = latents.double().mean(0).numpy(), latents.double().std(0).numpy()
    expected = norm.logpdf(latents, means, stds).sum(1)
    assert density.log_density(latents).numpy() == pytest.approx(expected)


def test_a_density_is_loaded_unchanged_and_saved_as_the_same_bytes(mixture, tmp_path):
    for name in ("first", "second"):
        save_density(mixture, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    loaded = load_density(tmp_path / "first")
    for name in ("weights", "means", "factors"):
        assert torch.equal(getattr(loaded, name), getattr(mixture, name))


def test_a_file_that_is_no_density_is_refused(mixture, tmp_path):
    (tmp_path / "noise").write_bytes(b"no safetensors at all")
    save_file({"weights": mixture.weights}, tmp_path / "partial")
    incomplete = vars(mixture) | {"factors": mixture.factors[:1].clone()}
    save_file(incomplete, tmp_path / "incomplete")
    for name in ("noise", "partial", "incomplete"):
        with pytest.raises(ValueError, match=rf"{name}: not a saved density: "):
            load_density(tmp_path / name)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "latents: .*finite"),
        (math.inf, "latents: .*finite"),
        (4.0, "latents: a coordinate is constant"),
    ],
)
def test_latents_of_a_diverged_encoder_and_a_dead_coordinate_are_refused(latents, value, message):
    latents[:, 1] = value
    with pytest.raises(ValueError, match=f"^{message}"):
        independent_normals(latents)


def test_decoded_pixels_are_the_probabilities_of_white_in_grey_levels():
    logits = torch.randn(7, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 4
    images = decoded_images(lambda latents: latents.view(-1, 1, 28, 28), logits.flatten(1))
    assert images.shape == (7, 28, 28)
    assert images.dtype == np.uint8
    assert np.abs(images / 255 - logits.sigmoid().squeeze(1).numpy()).max() <= 0.5 / 255 + 1e-6


def test_every_latent_is_decoded_once_and_in_order_for_any_batch_size():
    latents = torch.linspace(-3, 3, 11)[:, None]
    sizes = []

    def decode(batch):
        sizes.append(len(batch))
        return batch.view(-1, 1, 1, 1)

    batched = decoded_images(decode, latents, at_once=4)
    assert sizes == [4, 4, 3]
    assert np.array_equal(batched, decoded_images(decode, latents))
    assert (np.diff(batched.ravel().astype(int)) > 0).all()


def test_a_latent_walk_includes_both_ends_and_has_equal_steps():
    start, end = torch.randn(2, 3, 16, generator=torch.Generator().manual_seed(0))
    walk = latent_walk(start, end, 5)
    assert walk.shape == (5, 3, 16)
    assert torch.equal(walk[0], start)
    assert torch.allclose(walk[-1], end)
    assert torch.allclose(walk.diff(dim=0), ((end - start) / 4).expand(4, -1, -1), atol=1e-6)
    with pytest.raises(ValueError, match=r"^steps: 1, expected at least 2$"):
        latent_walk(start, end, 1)
