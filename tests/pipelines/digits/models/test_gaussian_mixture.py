"""Fitted mixtures agree with scikit-learn and with moments of the latents."""

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from pipelines.digits.models.gaussian_mixture import gaussian_mixture
from pipelines.digits.models.latents import independent_normals


def test_scikit_learn_does_not_improve_a_fitted_mixture(latents):
    latents = latents.double()
    density = gaussian_mixture(latents, 3, seed=3, max_iterations=3000, tolerance=1e-10)
    reference = GaussianMixture(
        3,
        reg_covar=0,
        weights_init=density.weights.numpy(),
        means_init=density.means.numpy(),
        precisions_init=torch.cholesky_inverse(density.factors).numpy(),
        max_iter=20,
    ).fit(latents.numpy())
    assert reference.lower_bound_ == pytest.approx(
        float(density.log_density(latents).mean()), abs=1e-3
    )
    assert reference.means_ == pytest.approx(density.means.numpy(), abs=0.02)
    assert reference.weights_ == pytest.approx(density.weights.numpy(), abs=5e-3)


def test_a_mixture_of_one_has_the_moments_of_the_latents(latents):
    density = gaussian_mixture(latents, 1, seed=0)
    covariance = np.cov(latents.double().numpy(), rowvar=False, ddof=0)
    assert density.means[0].numpy() == pytest.approx(latents.double().mean(0).numpy())
    assert (density.factors[0] @ density.factors[0].T).numpy() == pytest.approx(
        covariance, rel=5e-3
    )


def test_a_mixture_fits_two_clusters_where_independent_normals_do_not(mixture, generator):
    latents = mixture.sample(1000, generator)
    fitted, plain = gaussian_mixture(latents, 2, seed=0), independent_normals(latents)
    between = torch.full((1, 3), 16.0)
    assert fitted.log_density(between) < plain.log_density(between) - 50
    assert fitted.weights.sort().values.numpy() == pytest.approx([0.3, 0.7], abs=0.05)


def test_the_same_seed_gives_the_same_fit(latents):
    first, repetition = (gaussian_mixture(latents, 5, seed=1) for _ in range(2))
    assert torch.equal(first.means, repetition.means)
    assert torch.equal(first.factors, repetition.factors)


def test_more_components_than_clusters_give_a_finite_density(latents):
    repeated = latents[:10].repeat(50, 1)
    density = gaussian_mixture(repeated, 30, seed=0)
    assert density.log_density(repeated).isfinite().all()
    assert density.sample(100, torch.Generator().manual_seed(0)).isfinite().all()


@pytest.mark.parametrize(
    ("change", "components", "message"),
    [
        (lambda latents: latents[:5], 6, r"latents: shape \[5, 3\], .* n at least 6$"),
        (lambda latents: latents, 0, "components: 0, expected at least 1$"),
        (lambda latents: latents * torch.tensor([1, 0, 1]), 2, "latents: a coordinate depends"),
    ],
)
def test_latents_without_a_density_are_refused(latents, change, components, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        gaussian_mixture(change(latents), components, seed=0)
