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


def new_network(latent_dim: int, hidden_dim: int) -> VariationalAutoencoder:
    """Small, with latents that matter and posteriors other than the prior."""
    torch.manual_seed(0)
    network = VariationalAutoencoder(Architecture(latent_dim=latent_dim, widths=[4], hidden_dim=hidden_dim))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        network.decode(network.encode(torch.rand(50, 1, 28, 28))[0])
    # batch statistics would let images depend on each other
    return network.double().eval()


@pytest.fixture
def network():
    return new_network(LATENT, hidden_dim=12)


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


def assert_same_gradients(network, found, expected):
    parameters = list(network.parameters())
    gradients = [torch.autograd.grad(values.mean(), parameters) for values in (found, expected)]
    torch.testing.assert_close(*gradients)


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
    assert_same_gradients(network, found_likelihood - found_kl, expected_likelihood - expected_kl)


def test_the_lower_bound_lies_below_p_by_quadrature_and_the_mean_weight_meets_it(pixels):
    network = new_network(latent_dim=1, hidden_dim=6)
    with torch.no_grad():
        network.encoder[-1].bias[1] += 1  # wider than the posterior, so that no weight is huge
        grid = torch.linspace(-8, 8, 401, dtype=torch.float64)[:, None]
        logits = network.decode(grid)
        likelihoods = Independent(Bernoulli(logits=logits, validate_args=False), 3)
        log_prior = Normal(0.0, 1.0).log_prob(grid[:, 0])
        for image in pixels[:2]:
            log_joint = likelihoods.log_prob(image) + log_prior
            expected = log_joint.logsumexp(0) + math.log(grid[1, 0] - grid[0, 0])
            likelihood, kl = lower_bound(network, image.expand(500, 1, 28, 28))
            assert (likelihood - kl).mean() < expected
            # not the logarithm, but the mean weight itself, is p(x) on average
            bounds = importance_weighted_bound(network, image.expand(500, 1, 28, 28), 10)
            shares = (bounds - expected).exp()
            assert shares.std() < 1
            assert float(shares.mean()) == pytest.approx(1, abs=4 * float(shares.std()) / 500**0.5)


@pytest.mark.parametrize("samples", [1, 5])
def test_the_importance_weighted_bound_is_the_log_of_the_mean_weight(network, pixels, samples):
    torch.manual_seed(3)
    found = importance_weighted_bound(network, pixels, samples)
    torch.manual_seed(3)
    noise = torch.randn(samples, 20, LATENT, dtype=torch.float64)
    prior, q = Normal(0.0, 1.0), posterior(network, pixels)
    log_weights = []
    for draw in noise:
        z = q.mean + q.stddev * draw
        log_weights.append(
            log_likelihood(network, z, pixels) + (prior.log_prob(z) - q.log_prob(z)).sum(1)
        )
    expected = torch.stack(log_weights).logsumexp(0) - math.log(samples)
    assert found.shape == (20,)
    torch.testing.assert_close(found, expected)
    assert_same_gradients(network, found, expected)
