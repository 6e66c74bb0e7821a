"""The recorder keeps samples of a training, which stays bit for bit the same."""

import numpy as np
import pytest
import torch

from pipelines.digits.models.autoencoder import Architecture
from pipelines.digits.models.autoencoder_training import train_autoencoder
from pipelines.digits.models.generation import decoded_images
from pipelines.digits.models.sample_recorder import SampleRecorder
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.models.training_samples import (
    load_training_samples,
    save_training_samples,
)

KINDS = [("variational", 1), ("variational", 3), ("autoencoder", 1), ("autoencoder", 3)]
SEED = 7


@pytest.fixture(scope="module")
def images(digits):
    return digits.train_images[:150]


def train(images, kind, channels=1, epochs=4, **options):
    architecture = Architecture(channels, latent_dim=3, widths=[4], hidden_dim=16)
    settings = AutoencoderSettings(
        kind=kind, architecture=architecture, epochs=epochs, batch_size=32, validation_fraction=0.2
    )
    return train_autoencoder(images, settings, seed=0, device="cpu", **options)


def bits(network: torch.nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


@pytest.mark.parametrize(("kind", "channels"), KINDS)
def test_recording_leaves_the_training_bit_for_bit_the_same(images, kind, channels):
    network, expected = train(images, kind, channels)
    recorder = SampleRecorder(SEED)
    recorded, result = train(images, kind, channels, callbacks=[recorder])
    assert result == expected
    assert bits(recorded) == bits(network)
    side = (28, 28) if channels == 1 else (28, 28, 3)
    assert recorder.samples.images.shape[1:] == (8, *side)


def test_the_steps_are_spread_over_the_training_and_end_with_its_last(images):
    recorder = SampleRecorder(SEED)
    train(images, "variational", callbacks=[recorder])
    steps = recorder.samples.epochs * 4  # 120 images in batches of 32
    np.testing.assert_array_equal(steps, [1, 2, 3, 5, 7, 11, 16])


def test_the_last_samples_are_those_that_the_trained_network_draws_from_its_prior(images):
    recorder = SampleRecorder(SEED)
    network, _ = train(images, "variational", epochs=1, callbacks=[recorder])
    latents = torch.randn(8, 3, generator=torch.Generator().manual_seed(SEED))
    expected = decoded_images(network.decode, latents)
    np.testing.assert_array_equal(recorder.samples.images[-1], expected)
    assert (recorder.samples.images[0] != expected).any()


@pytest.mark.parametrize(("kind", "channels"), KINDS)
def test_a_resumed_training_keeps_the_samples_of_an_undisturbed_one(
    images, tmp_path, kind, channels
):
    def kill(epoch: int, row: dict[str, float]) -> None:
        if epoch == 2:
            raise InterruptedError

    undisturbed, killed, resumed = (SampleRecorder(SEED) for _ in range(3))
    train(images, kind, channels, callbacks=[undisturbed])
    options = {"checkpoint_folder": tmp_path / "checkpoints"}
    with pytest.raises(InterruptedError):
        train(images, kind, channels, callbacks=[killed], on_epoch=kill, **options)
    train(images, kind, channels, callbacks=[resumed], **options)
    files = []
    for name, recorder in (("undisturbed", undisturbed), ("resumed", resumed)):
        (tmp_path / name).mkdir()
        save_training_samples(recorder.samples, tmp_path / name)
        (file,) = (tmp_path / name).iterdir()
        files.append(file.read_bytes())
    assert files[0] == files[1]


def test_saved_samples_are_loaded_again_and_damaged_ones_refused(images, tmp_path):
    recorder = SampleRecorder(SEED)
    train(images, "variational", callbacks=[recorder])
    with pytest.raises(FileNotFoundError):
        load_training_samples(tmp_path)
    save_training_samples(recorder.samples, tmp_path)
    loaded = load_training_samples(tmp_path)
    np.testing.assert_array_equal(loaded.epochs, recorder.samples.epochs)
    np.testing.assert_array_equal(loaded.images, recorder.samples.images)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(ValueError, match="not samples of a training"):
        load_training_samples(tmp_path)
