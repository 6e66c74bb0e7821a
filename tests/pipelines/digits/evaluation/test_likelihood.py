"""Likelihoods of a small variational autoencoder agree with PyTorch and with quadrature."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from pipelines.digits.evaluation.importance_sampling import (
    LikelihoodEstimate,
    importance_weighted_likelihood,
)
from pipelines.digits.evaluation.likelihood import evidence_lower_bound
from pipelines.digits.models.likelihood import bernoulli_log_likelihood, kl_from_standard_normal

PIXELS = 25
AXIS = torch.linspace(-6, 6, 121)
GRID = torch.cartesian_prod(AXIS, AXIS)


class SmallModel:
    """Model of 5x5 images with two latents, a nonlinear decoder and an approximate encoder."""

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.first = torch.randn(2, 12, generator=generator)
        self.second = torch.randn(12, PIXELS, generator=generator) * 0.5
        self.decoded = 0

    def decode(self, latents):
        self.decoded += len(latents)
        return (torch.tanh(latents @ self.first) @ self.second).view(-1, 1, 5, 5)

    def log_joint(self, images):
        """Return log p(x, z) for all images and all latents of the grid."""
        logits = self.decode(GRID).double()
        likelihoods = [Independent(Bernoulli(logits=logits), 3).log_prob(x) for x in images]
        return torch.stack(likelihoods) + Normal(0, 1).log_prob(GRID.double()).sum(1)

    def encode(self, images):
        """Return the mean of the true posterior, and the log of 1.5 times its variance."""
        posterior = self.log_joint(images.double()).softmax(1).float()
        mean = posterior @ GRID
        variance = posterior @ GRID.square() - mean.square()
        return mean, (1.5 * variance).log()


def quadrature(model, images):
    """Return log p(x) by the trapezoidal rule over the grid of latents."""
    return model.log_joint(images.double()).logsumexp(1) + 2 * math.log(AXIS[1] - AXIS[0])


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(1)


@pytest.fixture
def model():
    return SmallModel()


@pytest.fixture
def images(model, generator):
    latents = torch.randn(6, 2, generator=generator)
    return torch.bernoulli(model.decode(latents).sigmoid(), generator=generator)


def test_the_bernoulli_likelihood_agrees_with_torch_and_is_an_expectation_for_grey_pixels(
    generator,
):
    logits = 5 * torch.randn(4, 1, 28, 28, generator=generator)
    pixels = torch.bernoulli(torch.full_like(logits, 0.4), generator=generator)
    expected = Independent(Bernoulli(logits=logits), 3).log_prob(pixels)
    assert bernoulli_log_likelihood(pixels, logits).numpy() == pytest.approx(expected, rel=1e-5)
    logits, grey = torch.tensor([[1.3]]), torch.tensor([[0.3]])
    white, black = (bernoulli_log_likelihood(torch.full((1, 1), x), logits) for x in (1.0, 0.0))
    assert torch.allclose(bernoulli_log_likelihood(grey, logits), 0.3 * white + 0.7 * black)


def test_the_divergence_from_the_prior_agrees_with_torch(generator):
    mean, log_variance = torch.randn(2, 5, 16, generator=generator)
    posterior = Normal(mean, (log_variance / 2).exp())
    prior = Normal(torch.zeros(16), torch.ones(16))
    expected = kl_divergence(posterior, prior).sum(1)
    assert torch.allclose(kl_from_standard_normal(mean, log_variance), expected)
    assert not torch.allclose(expected, kl_divergence(prior, posterior).sum(1), rtol=0.1)


@pytest.mark.parametrize("adaptations", [0, 3])
def test_importance_sampling_agrees_with_quadrature(model, images, generator, adaptations):
    exact = quadrature(model, images).numpy()
    estimate = importance_weighted_likelihood(
        images, model.encode, model.decode, generator, samples=20_000, adaptations=adaptations
    )
    assert estimate.standard_error.max() < 0.02
    assert (np.abs(estimate.log_likelihood - exact) < 4 * estimate.standard_error + 1e-4).all()


def test_adaptation_corrects_an_encoder_with_a_large_error(model, images, generator):
    exact = quadrature(model, images).numpy()

    def shifted(pixels):
        mean, log_variance = model.encode(pixels)
        return mean + 0.5, log_variance - 2

    def estimate(adaptations):
        actual = importance_weighted_likelihood(
            images, shifted, model.decode, generator, samples=500, adaptations=adaptations
        )
        return np.abs(actual.log_likelihood - exact).mean(), np.median(actual.effective_sample_size)

    error_without, effective_without = estimate(0)
    error, effective = estimate(4)
    assert effective > 200 > effective_without
    assert error < 0.1 < error_without


def test_the_lower_bound_lies_below_the_likelihood_by_the_divergence_from_the_posterior(
    model, images, generator
):
    exact = quadrature(model, images)
    bound = evidence_lower_bound(images, model.encode, model.decode, generator, samples=10_000)
    mean, log_variance = model.encode(images)
    posterior = (model.log_joint(images.double()) - exact[:, None]).exp()
    proposal = Normal(mean[:, None], (log_variance / 2).exp()[:, None])
    log_proposal = proposal.log_prob(GRID).sum(2).double()
    gap = (log_proposal.exp() * (log_proposal - posterior.log())).sum(1) * (AXIS[1] - AXIS[0]) ** 2
    assert (gap > 0.05).all()
    assert (exact - bound).numpy() == pytest.approx(gap.numpy(), abs=0.08)


def test_the_standard_error_is_the_std_of_repeated_estimates(model, images, generator):
    posterior = model.encode(images)
    options = {"samples": 100, "adaptations": 0, "at_once": 1000}
    repeated = [
        importance_weighted_likelihood(
            images, lambda _: posterior, model.decode, generator, **options
        )
        for _ in range(200)
    ]
    std = np.std([estimate.log_likelihood for estimate in repeated], axis=0)
    standard_errors = np.mean([estimate.standard_error for estimate in repeated], axis=0)
    assert standard_errors == pytest.approx(std, rel=0.2)


def prior(pixels):
    """Return the prior as the posterior, so that weights are likelihoods."""
    return torch.zeros(len(pixels), 2), torch.zeros(len(pixels), 2)


@pytest.mark.parametrize(("samples", "at_once"), [(7, 3), (7, 7), (5, 12), (4, 1000)])
def test_all_samples_of_every_image_are_decoded_for_any_batch_size(
    model, images, generator, samples, at_once
):
    decoded = []

    def decode(latents):
        assert len(latents) <= at_once
        decoded.append(latents)
        return model.decode(latents)

    estimate = importance_weighted_likelihood(
        images, prior, decode, generator, samples=samples, adaptations=0, at_once=at_once
    )
    assert sum(map(len, decoded)) == samples * len(images)
    if samples >= at_once:
        logits = model.decode(torch.cat(decoded)).view(len(images), samples, PIXELS)
        pixels = images.view(-1, 1, PIXELS).expand_as(logits)
        log_weights = Bernoulli(logits=logits).log_prob(pixels).sum(2)
        expected = log_weights.logsumexp(1) - math.log(samples)
        assert estimate.log_likelihood == pytest.approx(expected.numpy(), rel=1e-5)


def test_an_exact_proposal_has_equal_weights_and_no_error(images, generator):
    """Use a constant decoder, for which the posterior is the prior."""

    def ignore(latents):
        return torch.zeros(len(latents), 1, 5, 5)

    estimate = importance_weighted_likelihood(
        images, prior, ignore, generator, samples=50, adaptations=0
    )
    assert estimate.log_likelihood == pytest.approx(-PIXELS * math.log(2))
    assert estimate.effective_sample_size == pytest.approx(50, rel=1e-3)
    assert estimate.standard_error == pytest.approx(0, abs=1e-3)


def test_the_metrics_average_over_images_and_separate_both_errors():
    metrics = LikelihoodEstimate(
        log_likelihood=np.array([-80.0, -90.0]),
        standard_error=np.array([0.3, 0.4]),
        effective_sample_size=np.array([10.0, 30.0]),
        samples=50,
    ).to_metrics()
    assert metrics["nll"] == 85
    assert metrics["nll_standard_error"] == pytest.approx(5)
    assert metrics["nll_simulation_error"] == pytest.approx(0.25)
    assert metrics["effective_sample_size_median"] == 20
    assert metrics["effective_sample_size_minimum"] == 10


@pytest.mark.parametrize(
    "change",
    [{"samples": 0}, {"adaptations": -1}, {"at_once": 0}, {"pixels": torch.zeros(0, 1, 5, 5)}],
)
def test_arguments_out_of_range_are_refused(model, images, generator, change):
    arguments = {"pixels": images, "samples": 5, "encode": prior, "decode": model.decode} | change
    with pytest.raises(ValueError, match=rf"^{next(iter(change))}: -?\d, expected at least \d$"):
        importance_weighted_likelihood(generator=generator, **arguments)
