"""A trained autoencoder reconstructs, generates and judges images, single and stacked."""

import numpy as np
import pytest
import torch

from pipelines.digits.data.mnist import small_digits
from pipelines.digits.data.stacking import draw_stacks, stacked_images
from pipelines.digits.models.autoencoder import Architecture, Autoencoder
from pipelines.digits.models.latents import standard_normal
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder, with_latents_of
from pipelines.digits.models.variational import VariationalAutoencoder

LATENT = 3
MEMBERS = draw_stacks(300, 50, np.random.default_rng(0))


@pytest.fixture(scope="module")
def images():
    return small_digits().train_images[:300]


def new(images, kind=Autoencoder, channels=1, pixels="float", components=2) -> TrainedAutoencoder:
    """Untrained, but for densities of its latents; it need not draw well to be tested."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = kind(Architecture(channels, latent=LATENT, widths=[4], hidden=8))
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    units = images if channels == 1 else stacked_images(images, MEMBERS)
    return with_latents_of(units, network, pixels, components=components, seed=0)


@pytest.fixture(scope="module")
def mono(images):
    return new(images)


@pytest.fixture(scope="module")
def variational(images):
    return new(images, VariationalAutoencoder, pixels="bernoulli")


@pytest.fixture(scope="module")
def whole(images):
    """Of stacks as a whole."""
    return new(images, VariationalAutoencoder, channels=3)


@pytest.fixture(scope="module")
def stacks(images):
    return stacked_images(images, MEMBERS)


# what it makes of images


def test_single_images_are_drawn_again_and_judged(mono, images):
    assert mono.latents(images).shape == (300, LATENT)
    drawn = mono.reconstruct(images)
    assert (drawn.shape, drawn.dtype) == (images.shape, np.uint8)
    pixels = torch.tensor(images[:, None] / 255, dtype=torch.float32)
    with torch.no_grad():
        white = mono.network.decode(mono.network.encode(pixels)).sigmoid()[:, 0].numpy()
    np.testing.assert_allclose(drawn, white * 255, atol=0.51)
    errors = np.square(images / 255 - white).sum(axis=(1, 2))
    np.testing.assert_allclose(mono.anomaly_scores(images).errors, errors, rtol=1e-4)
    log_density = mono.mixture.log_density(mono.latents(images)).numpy()
    np.testing.assert_allclose(
        mono.anomaly_scores(images).corrected, mono.correction.score(errors, log_density), atol=1e-4
    )


@pytest.mark.parametrize("name", ["mono", "variational"])
def test_a_network_of_one_channel_takes_stacks_a_channel_at_a_time(name, request, stacks):
    trained = request.getfixturevalue(name)
    channels = [np.ascontiguousarray(stacks[..., channel]) for channel in range(3)]
    drawn = trained.reconstruct(stacks)
    assert (drawn.shape, drawn.dtype) == (stacks.shape, np.uint8)
    assert trained.latents(stacks).shape == (3 * len(stacks), LATENT)
    for channel, singles in enumerate(channels):
        # a batch of another size may round another way
        difference = drawn[..., channel].astype(int) - trained.reconstruct(singles)
        assert np.abs(difference).max() <= 1
    strangest = np.max([trained.anomaly_scores(singles) for singles in channels], axis=0)
    np.testing.assert_allclose(trained.anomaly_scores(stacks), strangest, rtol=1e-3, atol=1e-4)


def test_a_network_of_three_channels_takes_stacks_whole(whole, stacks):
    assert whole.latents(stacks).shape == (50, LATENT)
    drawn = whole.reconstruct(stacks)
    assert (drawn.shape, drawn.dtype) == (stacks.shape, np.uint8)
    pixels = torch.tensor(np.moveaxis(stacks, 3, 1) / 255, dtype=torch.float32)
    with torch.no_grad():
        white = whole.network.decode(whole.network.encode(pixels)[0]).sigmoid().numpy()
    np.testing.assert_allclose(np.moveaxis(drawn, 3, 1), white * 255, atol=0.51)
    errors = np.square(pixels.numpy() - white).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(whole.anomaly_scores(stacks).errors, errors, rtol=1e-4)
    assert whole.anomaly_scores(stacks).corrected.shape == (50,)


def test_pixels_at_a_threshold_are_judged_at_it_and_drawn_ones_by_their_probabilities(images):
    binary, drawn = new(images, pixels="binary"), new(images, pixels="bernoulli")
    assert torch.equal(binary.network_pixels(images)[:, 0], torch.tensor(images > 127).float())
    np.testing.assert_allclose(drawn.network_pixels(images)[:, 0], images / 255, atol=1e-6)


def test_views_of_other_arrays_are_taken_as_they_look(mono, images, stacks):
    for view in (images[::-1], images[:, :, ::-1], images.transpose(0, 2, 1), stacks[::-2]):
        expected = mono.anomaly_scores(view.copy()).errors
        np.testing.assert_allclose(mono.anomaly_scores(view).errors, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("mono", (2, 28, 28), np.float32),
        ("mono", (2, 27, 28), np.uint8),
        ("mono", (28, 28), np.uint8),
        ("mono", (2, 28, 28, 2), np.uint8),
        ("mono", (2, 28, 28, 3, 1), np.uint8),
        ("whole", (2, 28, 28), np.uint8),
        ("whole", (2, 28, 28, 1), np.uint8),
        ("whole", (2, 3, 28, 28), np.uint8),
    ],
)
def test_images_of_another_kind_are_refused(name, shape, dtype, request):
    trained = request.getfixturevalue(name)
    for take in (trained.reconstruct, trained.anomaly_scores):
        with pytest.raises(ValueError, match=r"^images: .*, uint8 \[n, 28, 28.*\] expected"):
            take(np.zeros(shape, dtype))


# what it generates


@pytest.mark.parametrize("sampler", ["prior", "mixture"])
def test_samples_are_what_is_drawn_from_latents_of_the_density(sampler, variational):
    density = getattr(variational, sampler)
    latents = density.sample(12, torch.Generator().manual_seed(4))
    with torch.no_grad():
        white = variational.network.decode(latents).sigmoid()[:, 0].numpy() * 255
    singles = variational.sample(12, sampler, 1, seed=4)
    assert (singles.shape, singles.dtype) == ((12, 28, 28), np.uint8)
    np.testing.assert_allclose(singles, white, atol=0.51)
    stacks = variational.sample(4, sampler, 3, seed=4)
    assert stacks.shape == (4, 28, 28, 3)
    np.testing.assert_array_equal(np.moveaxis(stacks, 3, 1).reshape(12, 28, 28), singles)


def test_a_network_of_three_channels_draws_stacks_alone(whole):
    assert whole.sample(5, "mixture", 3, seed=0).shape == (5, 28, 28, 3)
    with pytest.raises(ValueError, match=r"^channels: 1, 3 expected"):
        whole.sample(5, "mixture", 1, seed=0)


@pytest.mark.parametrize(("sampler", "channels"), [("posterior", 1), ("prior", 2)])
def test_what_cannot_be_sampled_is_refused(mono, sampler, channels):
    with pytest.raises(ValueError, match=r"^(sampler: 'posterior', prior or|channels: 2, 1 or 3)"):
        mono.sample(3, sampler, channels, seed=0)


def test_the_seed_decides_the_samples(variational):
    first, again, other = (variational.sample(9, "prior", 1, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


# what it knows of its latents


def test_the_prior_of_an_autoencoder_has_the_moments_of_its_latents(mono, images):
    latents = mono.latents(images).double().numpy()
    np.testing.assert_allclose(mono.prior.means[0], latents.mean(axis=0))
    np.testing.assert_allclose(mono.prior.factors[0], np.diag(latents.std(axis=0, ddof=1)))


def test_the_prior_of_a_variational_autoencoder_is_the_standard_normal(variational):
    for name, value in vars(standard_normal(LATENT)).items():
        assert torch.equal(getattr(variational.prior, name), value)


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_the_mixture_is_fitted_to_latents_drawn_as_in_training(images, kind):
    """One component has the moments of all; of distributions, their variances add to the spread."""
    trained = new(images, kind, components=1)
    with torch.no_grad():
        encoded = trained.network.encode(trained.network_pixels(images))
    covariance = torch.cov((encoded[0] if trained.variational else encoded).T).numpy()
    added = np.diag(encoded[1].exp().mean(dim=0).numpy()) if trained.variational else 0
    found = (trained.mixture.factors[0] @ trained.mixture.factors[0].T).numpy()
    scale = np.sqrt(np.outer(*2 * [np.diag(covariance + added)]))
    np.testing.assert_allclose(found / scale, (covariance + added) / scale, atol=0.2)
    if trained.variational:
        assert np.abs(found - covariance).max() > np.abs(found - covariance - added).max()


def test_corrected_scores_of_the_training_images_are_standard(mono, images):
    scores = mono.anomaly_scores(images).corrected
    assert scores.mean() == pytest.approx(0, abs=1e-4)


def test_a_dead_latent_is_refused(images):
    network = Autoencoder(Architecture(latent=2, widths=[4], hidden=8))
    with torch.no_grad():
        network.encoder[-1].weight[1] = 0
    with pytest.raises(ValueError, match=r"^latents: a coordinate"):
        with_latents_of(images, network, "float", components=1, seed=0)
