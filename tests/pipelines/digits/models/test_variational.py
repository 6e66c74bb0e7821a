"""The bounds of a variational autoencoder and their gradients agree with torch.distributions.

All computation is in double precision, and each reference uses the same noise.
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
def restored_generator():
    """Restore the generator after the test."""
    with torch.random.fork_rng(devices=[]):
        yield


def new_network(latent_dim: int, hidden_dim: int) -> VariationalAutoencoder:
    """Return a small network whose posteriors differ from the prior."""
    torch.manual_seed(0)
    network = VariationalAutoencoder(
        Architecture(latent_dim=latent_dim, widths=[4], hidden_dim=hidden_dim)
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
        network.decode(network.encode(torch.rand(50, 1, 28, 28))[0])
    # with batch statistics, images would depend on each other
    return network.double().eval()


@pytest.fixture
def network():
    return new_network(LATENT, hidden_dim=12)


@pytest.fixture
def pixels():
    """Return sparse grey images, to include values between 0 and 1."""
    generator = torch.Generator().manual_seed(1)
    values = torch.rand(20, 1, 28, 28, generator=generator, dtype=torch.float64)
    return (2 * values - 1).clamp(min=0)


def posterior(network, pixels):
    mean, log_variance = network.encode(pixels)
    return Normal(mean, log_variance.exp().sqrt())


def log_likelihood(network, latents, pixels):
    logits = network.decode(latents)
    return Independent(Bernoulli(logits=logits, validate_args=False), 3).log_prob(pixels)


def assert_same_gradients(network, actual, expected):
    parameters = list(network.parameters())
    gradients = [torch.autograd.grad(values.mean(), parameters) for values in (actual, expected)]
    torch.testing.assert_close(*gradients)


def test_the_terms_of_the_lower_bound_agree_with_torch_distributions(network, pixels):
    torch.manual_seed(7)
    actual_likelihood, actual_kl = lower_bound(network, pixels)
    torch.manual_seed(7)
    noise = torch.randn(20, LATENT, dtype=torch.float64)
    q = posterior(network, pixels)
    expected_likelihood = log_likelihood(network, q.mean + q.stddev * noise, pixels)
    expected_kl = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    assert actual_likelihood.shape == actual_kl.shape == (20,)
    torch.testing.assert_close(actual_likelihood, expected_likelihood)
    torch.testing.assert_close(actual_kl, expected_kl)
    # the divergence is not symmetric
    assert not torch.allclose(actual_kl, kl_divergence(Normal(0.0, 1.0), q).sum(1), rtol=0.05)
    assert_same_gradients(network, actual_likelihood - actual_kl, expected_likelihood - expected_kl)


def test_the_lower_bound_is_below_quadrature_and_the_mean_weight_agrees_with_it(pixels):
    network = new_network(latent_dim=1, hidden_dim=6)
    with torch.no_grad():
        network.encoder[-1].bias[1] += 1  # wider than the posterior, which limits the weights
        grid = torch.linspace(-8, 8, 401, dtype=torch.float64)[:, None]
        logits = network.decode(grid)
        likelihoods = Independent(Bernoulli(logits=logits, validate_args=False), 3)
        log_prior = Normal(0.0, 1.0).log_prob(grid[:, 0])
        for image in pixels[:2]:
            log_joint = likelihoods.log_prob(image) + log_prior
            expected = log_joint.logsumexp(0) + math.log(grid[1, 0] - grid[0, 0])
            likelihood, kl = lower_bound(network, image.expand(500, 1, 28, 28))
            assert (likelihood - kl).mean() < expected
            # the expectation of the mean weight is p(x), unlike that of its logarithm
            bounds = importance_weighted_bound(network, image.expand(500, 1, 28, 28), 10)
            shares = (bounds - expected).exp()
            assert shares.std() < 1
            assert float(shares.mean()) == pytest.approx(1, abs=4 * float(shares.std()) / 500**0.5)


@pytest.mark.parametrize("samples", [1, 5])
def test_the_importance_weighted_bound_is_the_log_of_the_mean_weight(network, pixels, samples):
    torch.manual_seed(3)
    actual = importance_weighted_bound(network, pixels, samples)
    torch.manual_seed(3)
    noise = torch.randn(samples, 20, LATENT, dtype=torch.float64)
    prior, q = Normal(0.0, 1.0), posterior(network, pixels)
    log_weights = []
    for sample in noise:
        z = q.mean + q.stddev * sample
        log_weights.append(
            log_likelihood(network, z, pixels) + (prior.log_prob(z) - q.log_prob(z)).sum(1)
        )
    expected = torch.stack(log_weights).logsumexp(0) - math.log(samples)
    assert actual.shape == (20,)
    torch.testing.assert_close(actual, expected)
    assert_same_gradients(network, actual, expected)
