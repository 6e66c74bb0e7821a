"""A trained autoencoder reconstructs, generates and scores images, single and stacked."""

import numpy as np
import pytest
import torch

from pipelines.digits.data.stacking import draw_stacks, stacked_images
from pipelines.digits.models.autoencoder import Architecture, Autoencoder
from pipelines.digits.models.latents import standard_normal
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder, with_latents_of
from pipelines.digits.models.variational import VariationalAutoencoder

LATENT = 3
MEMBERS = draw_stacks(300, 50, np.random.default_rng(0))


@pytest.fixture(scope="module")
def images(digits):
    return digits.train_images[:300]


def new(
    images, kind=Autoencoder, channels=1, binarization="none", components=2
) -> TrainedAutoencoder:
    """Return an untrained network with fitted densities of its latents."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = kind(Architecture(channels, latent_dim=LATENT, widths=[4], hidden_dim=8))
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    units = images if channels == 1 else stacked_images(images, MEMBERS)
    return with_latents_of(units, network, binarization, components=components, seed=0)


@pytest.fixture(scope="module")
def single(images):
    return new(images)


@pytest.fixture(scope="module")
def variational(images):
    return new(images, VariationalAutoencoder, binarization="dynamic")


@pytest.fixture(scope="module")
def three_channels(images):
    return new(images, VariationalAutoencoder, channels=3)


@pytest.fixture(scope="module")
def stacks(images):
    return stacked_images(images, MEMBERS)


@pytest.mark.parametrize("name", ["single", "variational", "three_channels"])
def test_reconstructions_and_scores_are_those_of_the_network(name, request, images, stacks):
    trained = request.getfixturevalue(name)
    units = stacks if name == "three_channels" else images
    grey = torch.tensor(units / 255, dtype=torch.float32)
    pixels = grey.permute(0, 3, 1, 2) if name == "three_channels" else grey[:, None]
    with torch.no_grad():
        encoded = trained.network.encode(pixels)
        latents = encoded[0] if trained.variational else encoded
        white = trained.network.decode(latents).sigmoid()
    torch.testing.assert_close(trained.latents(units), latents)
    reconstructed = trained.reconstruct(units)
    assert (reconstructed.shape, reconstructed.dtype) == (units.shape, np.uint8)
    expected = white.permute(0, 2, 3, 1) if name == "three_channels" else white[:, 0]
    np.testing.assert_allclose(reconstructed, expected * 255, atol=0.51)
    errors = (pixels - white).square().sum(dim=(1, 2, 3)).numpy()
    scores = trained.anomaly_scores(units)
    np.testing.assert_allclose(scores.errors, errors, rtol=1e-4)
    corrected = trained.correction.score(errors, trained.mixture.log_density(latents).numpy())
    np.testing.assert_allclose(scores.density_corrected, corrected, atol=1e-4)
    assert scores.density_corrected.mean() == pytest.approx(0, abs=1e-4), (
        "these are the training images"
    )


@pytest.mark.parametrize("name", ["single", "variational"])
def test_a_network_of_one_channel_takes_stacks_a_channel_at_a_time(name, request, stacks):
    trained = request.getfixturevalue(name)
    channels = [np.ascontiguousarray(stacks[..., channel]) for channel in range(3)]
    reconstructed = trained.reconstruct(stacks)
    assert (reconstructed.shape, reconstructed.dtype) == (stacks.shape, np.uint8)
    assert trained.latents(stacks).shape == (3 * len(stacks), LATENT)
    for channel, singles in enumerate(channels):
        # rounding can depend on the batch size
        difference = reconstructed[..., channel].astype(int) - trained.reconstruct(singles)
        assert np.abs(difference).max() <= 1
    highest = np.max([trained.anomaly_scores(singles) for singles in channels], axis=0)
    np.testing.assert_allclose(trained.anomaly_scores(stacks), highest, rtol=1e-3, atol=1e-4)


def test_inputs_are_binary_for_a_threshold_and_probabilities_for_dynamic_binarization(images):
    binary, dynamic = new(images, binarization="threshold"), new(images, binarization="dynamic")
    assert torch.equal(binary.network_pixels(images)[:, 0], torch.tensor(images > 127).float())
    np.testing.assert_allclose(dynamic.network_pixels(images)[:, 0], images / 255, atol=1e-6)


def test_views_of_arrays_are_read_in_their_order(single, images, stacks):
    for view in (images[::-1], images[:, :, ::-1], images.transpose(0, 2, 1), stacks[::-2]):
        expected = single.anomaly_scores(view.copy()).errors
        np.testing.assert_allclose(single.anomaly_scores(view).errors, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("single", (2, 28, 28), np.float32),
        ("single", (2, 27, 28), np.uint8),
        ("single", (28, 28), np.uint8),
        ("single", (2, 28, 28, 2), np.uint8),
        ("three_channels", (2, 28, 28), np.uint8),
        ("three_channels", (2, 3, 28, 28), np.uint8),
    ],
)
def test_images_of_another_kind_are_refused(name, shape, dtype, request):
    trained = request.getfixturevalue(name)
    for take in (trained.reconstruct, trained.anomaly_scores):
        with pytest.raises(ValueError, match=r"^images: .*, expected uint8 \[n, 28, 28.*\]"):
            take(np.zeros(shape, dtype))


@pytest.mark.parametrize("sampler", ["prior", "mixture"])
def test_samples_are_decoded_from_seeded_latents_of_the_density(sampler, variational):
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


@pytest.mark.parametrize(
    ("name", "sampler", "channels", "message"),
    [
        ("single", "posterior", 1, "sampler: 'posterior', expected prior or"),
        ("single", "prior", 2, "channels: 2, expected 1 or 3"),
        ("three_channels", "mixture", 1, "channels: 1, expected 3$"),
    ],
)
def test_samples_that_a_network_cannot_generate_are_refused(
    name, sampler, channels, message, request
):
    trained = request.getfixturevalue(name)
    assert trained.sample(5, "mixture", 3, seed=0).shape == (5, 28, 28, 3)
    with pytest.raises(ValueError, match=f"^{message}"):
        trained.sample(5, sampler, channels, seed=0)


def test_the_prior_has_the_moments_of_the_latents_or_is_standard_normal(
    single, variational, images
):
    latents = single.latents(images).double().numpy()
    np.testing.assert_allclose(single.prior.means[0], latents.mean(axis=0))
    np.testing.assert_allclose(single.prior.factors[0], np.diag(latents.std(axis=0, ddof=1)))
    for name, value in vars(standard_normal(LATENT)).items():
        assert torch.equal(getattr(variational.prior, name), value)


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_the_mixture_is_fitted_to_latents_sampled_as_in_training(images, kind):
    """Check the moments of one component, to which the variances of the posteriors are added."""
    trained = new(images, kind, components=1)
    with torch.no_grad():
        encoded = trained.network.encode(trained.network_pixels(images))
    covariance = torch.cov((encoded[0] if trained.variational else encoded).T).numpy()
    added = np.diag(encoded[1].exp().mean(dim=0).numpy()) if trained.variational else 0
    actual = (trained.mixture.factors[0] @ trained.mixture.factors[0].T).numpy()
    scale = np.sqrt(np.outer(*2 * [np.diag(covariance + added)]))
    np.testing.assert_allclose(actual / scale, (covariance + added) / scale, atol=0.2)
    if trained.variational:
        assert np.abs(actual - covariance).max() > np.abs(actual - covariance - added).max()


def test_a_dead_latent_is_refused(images):
    network = Autoencoder(Architecture(latent_dim=2, widths=[4], hidden_dim=8))
    with torch.no_grad():
        network.encoder[-1].weight[1] = 0
    with pytest.raises(ValueError, match=r"^latents: a coordinate"):
        with_latents_of(images, network, "none", components=1, seed=0)
