"""Densities over latents are those of SciPy, are sampled as they say, and survive the disk."""

import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.stats import kstest, multivariate_normal, norm

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
    samples = mixture.sample(20_000, generator).double()
    first = samples[:, 0] < 15
    assert float(first.double().mean()) == pytest.approx(0.3, abs=0.015)
    for mean, factor, members in zip(
        mixture.means, mixture.factors, (samples[first], samples[~first]), strict=True
    ):
        assert members.mean(0).numpy() == pytest.approx(mean.numpy(), abs=0.1)
        assert members.T.cov().numpy() == pytest.approx((factor @ factor.T).numpy(), abs=0.25)


def test_the_same_seed_samples_the_same_latents(mixture):
    first, again = (mixture.sample(10, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == (10, 3)
    assert first.dtype == torch.float32


def test_the_standard_normal_is_what_it_is_called(generator):
    density = standard_normal(4)
    samples = density.sample(5000, generator)
    assert kstest(samples.flatten(), norm.cdf).pvalue > 1e-3
    assert density.log_density(samples).numpy() == pytest.approx(norm.logpdf(samples).sum(1))


def test_independent_normals_take_each_coordinate_s_moments_and_no_correlation(latents):
    density = independent_normals(latents)
    means, deviations = latents.double().mean(0).numpy(), latents.double().std(0).numpy()
    expected = norm.logpdf(latents, means, deviations).sum(1)
    assert density.log_density(latents).numpy() == pytest.approx(expected)


def test_a_density_is_read_back_as_it_was_and_written_alike_every_time(mixture, tmp_path):
    for name in ("first", "second"):
        save_density(mixture, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    loaded = load_density(tmp_path / "first")
    for name in ("weights", "means", "factors"):
        assert torch.equal(getattr(loaded, name), getattr(mixture, name))


def test_a_file_that_is_no_density_is_refused(mixture, tmp_path):
    (tmp_path / "noise").write_bytes(b"no safetensors at all")
    save_file({"weights": mixture.weights}, tmp_path / "part")
    save_file(
        {
            "weights": mixture.weights,
            "means": mixture.means,
            "factors": mixture.factors[:1].clone(),
        },
        tmp_path / "torn",
    )
    for name in ("noise", "part", "torn"):
        with pytest.raises(ValueError, match=rf"{name}: not a saved density: "):
            load_density(tmp_path / name)


@pytest.mark.parametrize("spoiled", [math.nan, math.inf])
def test_latents_of_a_diverged_encoder_are_refused(latents, spoiled):
    latents[7, 1] = spoiled
    with pytest.raises(ValueError, match=r"^latents: .*finite"):
        independent_normals(latents)


def test_a_dead_coordinate_has_no_normal_density(latents):
    latents[:, 1] = 4.0
    with pytest.raises(ValueError, match=r"^latents: a coordinate is constant"):
        independent_normals(latents)
