"""Autoencoders of every size keep the shape of images and train every layer."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv_transpose2d

from pipelines.digits.models.autoencoder import Architecture, Autoencoder
from pipelines.digits.models.variational import VariationalAutoencoder

KINDS = [Autoencoder, VariationalAutoencoder]
SIZES = [
    Architecture(latent_dim=2, widths=[3], hidden_dim=5, residual_blocks=0),
    Architecture(latent_dim=3, widths=[4, 6], hidden_dim=7, residual_blocks=1),
    Architecture(in_channels=3, latent_dim=4, widths=[4], hidden_dim=6, residual_blocks=2),
    Architecture(in_channels=3, latent_dim=1, widths=[4, 5], hidden_dim=6, residual_blocks=0),
]


@pytest.fixture(autouse=True)
def same_weights():
    """Seed the initial weights and restore the generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def perturbed(network: nn.Module) -> nn.Module:
    """Change all weights, some of which are initially 0."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network


def layers(module: nn.Module, kind: type) -> list[nn.Module]:
    return [layer for layer in module.modules() if isinstance(layer, kind)]


@pytest.mark.parametrize("architecture", SIZES)
def test_the_decoder_mirrors_the_encoder_with_residual_blocks_after_the_latents(architecture):
    network = Autoencoder(architecture)
    latent, hidden = architecture.latent_dim, architecture.hidden_dim
    smallest = torch.Size(architecture.smallest).numel()
    assert smallest == architecture.widths[-1] * (28 // 2 ** len(architecture.widths)) ** 2
    widths = [layer.out_channels for layer in layers(network.encoder, nn.Conv2d)]
    assert widths == list(architecture.widths)
    transposed = layers(network.decoder, nn.ConvTranspose2d)
    assert [layer.in_channels for layer in transposed] == widths[::-1]
    assert transposed[-1].out_channels == architecture.in_channels
    linear = [
        [(layer.in_features, layer.out_features) for layer in layers(module, nn.Linear)]
        for module in (network.encoder, network.decoder)
    ]
    assert linear[0] == [(smallest, hidden), (hidden, latent)]
    blocks = [(hidden, hidden)] * 2 * architecture.residual_blocks
    assert linear[1] == [(latent, hidden), *blocks, (hidden, smallest)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("architecture", SIZES)
def test_shapes_are_preserved_and_gradients_reach_every_parameter(architecture, kind):
    network = perturbed(kind(architecture))
    pixels = torch.rand(50, architecture.in_channels, 28, 28)
    latents = network.encode(pixels)
    if kind is VariationalAutoencoder:
        mean, log_variance = latents
        latents = mean + (log_variance / 2).exp() * torch.randn_like(mean)
    assert latents.shape == (50, architecture.latent_dim)
    logits = network.decode(latents)
    assert logits.shape == pixels.shape
    nn.functional.softplus(logits).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("architecture", SIZES)
def test_the_last_layer_computes_the_transposed_convolution_of_pytorch(architecture):
    last = perturbed(Autoencoder(architecture)).double().decoder[-1]
    values = torch.randn(3, last.in_channels, 14, 14, dtype=torch.float64, requires_grad=True)
    outputs = last(values)
    reference = conv_transpose2d(values, last.weight, last.bias, stride=2, padding=1)
    torch.testing.assert_close(outputs, reference)
    inputs = [values, *last.parameters()]
    weights = torch.randn_like(outputs)
    actual, expected = (
        torch.autograd.grad((y * weights).sum(), inputs) for y in (outputs, reference)
    )
    torch.testing.assert_close(actual, expected)


def test_latents_and_logits_take_both_signs():
    network = perturbed(
        VariationalAutoencoder(Architecture(latent_dim=8, widths=[4], hidden_dim=16))
    )
    for values in (*network.encode(torch.rand(50, 1, 28, 28)), network.decode(torch.randn(50, 8))):
        assert values.min() < 0 < values.max()


@pytest.mark.parametrize("architecture", [SIZES[1], SIZES[2]])
def test_in_evaluation_mode_images_do_not_depend_on_each_other(architecture):
    network = perturbed(Autoencoder(architecture)).double()
    pixels = torch.rand(6, architecture.in_channels, 28, 28, dtype=torch.float64)
    network.decode(network.encode(pixels))  # changes the initial batch statistics
    network.eval()
    latents = network.encode(pixels)
    logits = network.decode(latents)
    for index in range(6):
        torch.testing.assert_close(network.encode(pixels[index, None])[0], latents[index])
        torch.testing.assert_close(network.decode(latents[index, None])[0], logits[index])


def test_before_training_logits_are_near_zero_and_posteriors_near_the_prior():
    network = VariationalAutoencoder(Architecture())
    with torch.no_grad():
        mean, log_variance = network.encode(torch.rand(100, 1, 28, 28))
        logits = network.decode(torch.randn(100, 16))
    assert float(mean.std()) < 0.5
    assert float(log_variance.abs().mean()) < 0.5
    assert 0.01 < float(logits.std()) < 1


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"in_channels": 2}, "in_channels: 2, expected 1 or 3"),
        ({"latent_dim": 0}, "latent_dim: 0, expected at least 1"),
        ({"widths": [8, 0]}, "widths: 8, 0, expected at least 1"),
        ({"hidden_dim": -1}, "hidden_dim: -1, expected at least 1"),
        ({"residual_blocks": -1}, "residual_blocks: -1, expected at least 0"),
        ({"widths": []}, r"widths: \[\], expected one or two"),
        ({"widths": [1, 2, 3]}, r"widths: \[1, 2, 3\], expected one or two"),
    ],
)
def test_invalid_sizes_are_refused_in_one_line(sizes, message):
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        Architecture(**sizes)
    assert "\n" not in str(caught.value)
