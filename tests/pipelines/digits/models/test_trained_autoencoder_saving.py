"""A trained autoencoder comes back from the disk bit for bit, or not at all."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from pipelines.checksums import CHECKSUMS_NAME, write_checksums
from pipelines.digits.models.autoencoder import Architecture, Autoencoder
from pipelines.digits.models.latents import save_density, standard_normal
from pipelines.digits.models.trained_autoencoder import (
    TrainedAutoencoder,
    load_trained_autoencoder,
    save_trained_autoencoder,
    with_latents_of,
)
from pipelines.digits.models.variational import VariationalAutoencoder
from tests.pipelines.digits.damage import Damage, cut, edit, lose_a_weight
from tests.pipelines.malicious import Malicious

FILES = ["autoencoder.json", "autoencoder.safetensors", "mixture.safetensors", "prior.safetensors"]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def new(kind=VariationalAutoencoder, channels=1, **sizes) -> TrainedAutoencoder:
    images = noise(60, 28, 28) if channels == 1 else noise(60, 28, 28, 3)
    sizes = {"latent": 2, "widths": (3, 4), "hidden": 8, "residual_blocks": 2} | sizes
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = kind(Architecture(channels, **sizes))
        # so that the statistics of batch normalisation are not the first ones
        network.encode(torch.rand(20, channels, 28, 28))
        network.decode(torch.randn(20, 2))
    return with_latents_of(images, network, "binary", components=3, seed=0)


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_was_saved_comes_back_and_is_saved_as_the_same_bytes(tmp_path, kind, channels):
    trained = new(kind, channels)
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    save_trained_autoencoder(trained, folders[0])
    back = load_trained_autoencoder(folders[0])
    save_trained_autoencoder(back, folders[1])
    assert sorted(path.name for path in folders[0].iterdir()) == [CHECKSUMS_NAME, *FILES]
    for name in (CHECKSUMS_NAME, *FILES):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    assert not back.network.training
    assert (back.variational, back.channels, back.pixels) == (
        kind is VariationalAutoencoder,
        channels,
        "binary",
    )
    images = noise(30, 28, 28, 3)
    for take in ("reconstruct", "anomaly_scores", "latents"):
        np.testing.assert_array_equal(getattr(back, take)(images), getattr(trained, take)(images))
    for sampler in ("prior", "mixture"):
        np.testing.assert_array_equal(
            *(each.sample(5, sampler, 3, seed=0) for each in (trained, back))
        )


def resize(**sizes) -> Damage:
    def write(folder: Path) -> None:
        path = folder / "autoencoder.json"
        configuration = json.loads(path.read_text())
        configuration["architecture"] |= sizes
        path.write_text(json.dumps(configuration))

    return write


def fill(name: str, content: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        *(cut(name) for name in FILES),
        *(fill(name, b"") for name in FILES),
        *(fill(name, b"\xff\xfe\x00garbage") for name in FILES),
        lose_a_weight("autoencoder.safetensors"),
        fill("autoencoder.json", b"[1, 2]"),
        fill("autoencoder.json", b"null"),
        edit("autoencoder.json", kind="autoencoder"),
        edit("autoencoder.json", kind="diffusion"),
        edit("autoencoder.json", kind=["variational"]),
        edit("autoencoder.json", pixels="grey"),
        edit("autoencoder.json", architecture=None),
        edit("autoencoder.json", correction={}),
        edit("autoencoder.json", correction=7),
        edit(
            "autoencoder.json",
            correction=dict.fromkeys(["log_error_mean", "log_error_deviation"], 1.0),
        ),
        resize(latent=3),
        resize(latent="2"),
        resize(latent=2.5),
        resize(channels=3),
        resize(channels=2),
        resize(widths=[]),
        resize(widths=7),
        resize(hidden=None),
        resize(depth=4),
        lambda folder: save_density(standard_normal(3), folder / "prior.safetensors"),
        lambda folder: save_density(standard_normal(1), folder / "mixture.safetensors"),
    ],
)
def test_damaged_files_or_files_that_do_not_belong_together_are_refused_in_one_line(
    tmp_path, damage
):
    save_trained_autoencoder(new(), tmp_path)
    damage(tmp_path)
    write_checksums(tmp_path)
    with pytest.raises(ValueError, match=f"^{tmp_path}.*: not a saved autoencoder: .") as caught:
        load_trained_autoencoder(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tmp_path, name):
    save_trained_autoencoder(new(), tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=name.replace(".", r"\.")):
        load_trained_autoencoder(tmp_path)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_a_malicious_file_never_runs(tmp_path, name, write):
    folder, trace = tmp_path / "model", tmp_path / "trace"
    folder.mkdir()
    save_trained_autoencoder(new(), folder)
    with (folder / name).open("wb") as file:
        write(Malicious(trace), file)
    write_checksums(folder)
    with pytest.raises(ValueError, match="not a saved autoencoder"):
        load_trained_autoencoder(folder)
    assert not trace.exists()
    # the same bytes do their harm where they are trusted
    with (folder / name).open("rb") as file:
        if write is pickle.dump:
            pickle.Unpickler(file).load()
        else:
            torch.load(file, weights_only=False)
    assert trace.exists()
