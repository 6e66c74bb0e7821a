"""The bounds of a variational autoencoder, and their gradients, are those of torch.distributions.

Everything is computed in double precision, and each reference draws the same noise.
"""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from pipelines.digits.models.autoencoder import Architecture
from pipelines.digits.models.variational import (
    VariationalAutoencoder,
    importance_weighted_bound,
    lower_bound,
)

LATENT = 3


@pytest.fixture(autouse=True)
def own_randomness():
    """The generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        yield


def new_network(latent: int, hidden: int) -> VariationalAutoencoder:
    """Small, with latents that matter and posteriors other than the prior."""
    torch.manual_seed(0)
    network = VariationalAutoencoder(Architecture(latent=latent, widths=[4], hidden=hidden))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        network.decode(network.encode(torch.rand(50, 1, 28, 28))[0])
    # batch statistics would let images depend on each other
    return network.double().eval()


@pytest.fixture
def network():
    return new_network(LATENT, hidden=12)


@pytest.fixture
def pixels():
    """Sparse grey images, so that their values between 0 and 1 count as well."""
    generator = torch.Generator().manual_seed(1)
    values = torch.rand(20, 1, 28, 28, generator=generator, dtype=torch.float64)
    return (2 * values - 1).clamp(min=0)


def posterior(network, pixels):
    mean, log_variance = network.encode(pixels)
    return Normal(mean, log_variance.exp().sqrt())


def log_likelihood(network, latents, pixels):
    logits = network.decode(latents)
    return Independent(Bernoulli(logits=logits, validate_args=False), 3).log_prob(pixels)


def gradients(network, value):
    return torch.autograd.grad(value, list(network.parameters()))


# the evidence lower bound


def test_the_parts_of_the_lower_bound_are_those_of_torch_distributions(network, pixels):
    torch.manual_seed(7)
    found_likelihood, found_kl = lower_bound(network, pixels)
    torch.manual_seed(7)
    noise = torch.randn(20, LATENT, dtype=torch.float64)
    q = posterior(network, pixels)
    expected_likelihood = log_likelihood(network, q.mean + q.stddev * noise, pixels)
    expected_kl = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    assert found_likelihood.shape == found_kl.shape == (20,)
    torch.testing.assert_close(found_likelihood, expected_likelihood)
    torch.testing.assert_close(found_kl, expected_kl)
    # a divergence with its arguments swapped would be another
    assert not torch.allclose(found_kl, kl_divergence(Normal(0.0, 1.0), q).sum(1), rtol=0.05)
    for found, expected in zip(
        gradients(network, (found_likelihood - found_kl).sum()),
        gradients(network, (expected_likelihood - expected_kl).sum()),
        strict=True,
    ):
        torch.testing.assert_close(found, expected)


def test_the_lower_bound_lies_below_p_by_quadrature_and_the_mean_weight_meets_it(pixels):
    network = new_network(latent=1, hidden=6)
    with torch.no_grad():
        network.encoder[-1].bias[1] += 1  # wider than the posterior, so that no weight is huge
        grid = torch.linspace(-8, 8, 401, dtype=torch.float64)[:, None]
        logits = network.decode(grid)
        log_p = torch.stack(
            [
                Independent(Bernoulli(logits=logits, validate_args=False), 3).log_prob(image)
                + Normal(0.0, 1.0).log_prob(grid[:, 0])
                for image in pixels[:2]
            ]
        ).logsumexp(1) + math.log(grid[1, 0] - grid[0, 0])
        for image, expected in zip(pixels[:2], log_p, strict=True):
            likelihood, kl = lower_bound(network, image.expand(500, 1, 28, 28))
            assert (likelihood - kl).mean() < expected
            # not the logarithm, but the mean weight itself, is p(x) on average
            bounds = importance_weighted_bound(network, image.expand(500, 1, 28, 28), 10)
            shares = (bounds - expected).exp()
            assert shares.std() < 1
            assert float(shares.mean()) == pytest.approx(1, abs=4 * float(shares.std()) / 500**0.5)


# the importance-weighted bound


def test_the_importance_weighted_bound_is_the_log_of_the_mean_weight(network, pixels):
    torch.manual_seed(3)
    found = importance_weighted_bound(network, pixels, 5)
    torch.manual_seed(3)
    noise = torch.randn(5, 20, LATENT, dtype=torch.float64)
    prior, q = Normal(0.0, 1.0), posterior(network, pixels)
    log_weights = []
    for draw in noise:
        z = q.mean + q.stddev * draw
        log_weights.append(
            log_likelihood(network, z, pixels) + (prior.log_prob(z) - q.log_prob(z)).sum(1)
        )
    expected = torch.stack(log_weights).logsumexp(0) - math.log(5)
    assert found.shape == (20,)
    torch.testing.assert_close(found, expected)
    for ours, theirs in zip(
        gradients(network, found.mean()), gradients(network, expected.mean()), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_with_one_sample_it_is_the_lower_bound_on_average(network, pixels):
    with torch.no_grad():
        many = pixels[:1].expand(2000, 1, 28, 28)
        torch.manual_seed(4)
        single = importance_weighted_bound(network, many, 1)
        likelihood, kl = lower_bound(network, many)
    difference = single - (likelihood - kl)
    standard_error = float(difference.std()) / 2000**0.5
    assert float(difference.mean()) == pytest.approx(0, abs=4 * standard_error)
    assert float(difference.std()) > 0.1  # or the test would say nothing


def test_more_samples_make_it_tighter_on_average(network, pixels):
    with torch.no_grad():
        torch.manual_seed(5)
        many = pixels.repeat(10, 1, 1, 1)
        means = [
            float(importance_weighted_bound(network, many, samples).mean())
            for samples in (1, 2, 5, 25)
        ]
    assert means == sorted(means)
    assert means[-1] - means[0] > 0.2


def test_every_draw_is_another(network, pixels):
    with torch.no_grad():
        alike = pixels[:1].expand(10, 1, 28, 28)
        bounds = importance_weighted_bound(network, alike, 2)
        likelihood, kl = lower_bound(network, alike)
    assert len(bounds.unique()) == len(likelihood.unique()) == 10
    torch.testing.assert_close(kl, kl[:1].expand(10))
