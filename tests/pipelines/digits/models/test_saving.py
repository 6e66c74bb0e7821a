"""Verifiers and autoencoders are saved and loaded bit for bit, damaged files are refused."""

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines.checksums import CHECKSUMS_NAME, write_checksums
from pipelines.digits.models.autoencoder import Architecture, Autoencoder
from pipelines.digits.models.latents import save_density, standard_normal
from pipelines.digits.models.saving import load_trained_autoencoder, save_trained_autoencoder
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder, with_latents_of
from pipelines.digits.models.variational import VariationalAutoencoder
from pipelines.digits.models.verifier import Verifier, classify, load_verifier, save_verifier
from tests.pipelines.malicious import Malicious

JSON, WEIGHTS, PRIOR = "autoencoder.json", "autoencoder.safetensors", "prior.safetensors"
FILES = [JSON, WEIGHTS, "mixture.safetensors", PRIOR]
VERIFIER_FILES = ["verifier.json", "verifier.safetensors"]
OWNERS = dict.fromkeys(FILES, "autoencoder") | dict.fromkeys(VERIFIER_FILES, "verifier")
LOADERS = {"autoencoder": load_trained_autoencoder, "verifier": load_verifier}


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def new_verifier() -> Verifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        verifier = Verifier([[4, 6], [8]], dropout=0.5)
        verifier(torch.rand(20, 1, 28, 28))  # changes the initial batch statistics
    return verifier


def new_autoencoder(kind=VariationalAutoencoder, channels=1) -> TrainedAutoencoder:
    images = noise(60, 28, 28) if channels == 1 else noise(60, 28, 28, 3)
    architecture = Architecture(
        channels, latent_dim=2, widths=(3, 4), hidden_dim=8, residual_blocks=2
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = kind(architecture)
        network.encode(torch.rand(20, channels, 28, 28))
        network.decode(torch.randn(20, 2))
    return with_latents_of(images, network, "threshold", components=3, seed=0)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a saved verifier and a saved autoencoder."""
    for name in LOADERS:
        (tmp_path / name).mkdir()
    save_verifier(new_verifier(), tmp_path / "verifier")
    save_trained_autoencoder(new_autoencoder(), tmp_path / "autoencoder")
    return tmp_path


def test_a_loaded_verifier_gives_the_same_probabilities(tmp_path):
    verifier, images = new_verifier(), noise(30, 28, 28)
    save_verifier(verifier, tmp_path)
    loaded = load_verifier(tmp_path)
    assert not loaded.training
    assert loaded.configuration == verifier.configuration
    np.testing.assert_array_equal(classify(loaded, images), classify(verifier, images))


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_loaded_autoencoder_is_equal_and_is_saved_as_the_same_bytes(tmp_path, kind, channels):
    trained = new_autoencoder(kind, channels)
    first, second = (tmp_path / name for name in ("first", "second"))
    first.mkdir()
    second.mkdir()
    save_trained_autoencoder(trained, first)
    loaded = load_trained_autoencoder(first)
    save_trained_autoencoder(loaded, second)
    assert sorted(path.name for path in first.iterdir()) == [CHECKSUMS_NAME, *FILES]
    for name in (CHECKSUMS_NAME, *FILES):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert not loaded.network.training
    assert loaded.variational == (kind is VariationalAutoencoder)
    assert (loaded.channels, loaded.binarization) == (channels, "threshold")
    images = noise(30, 28, 28, 3)
    for method in ("reconstruct", "anomaly_scores", "latents"):
        expected = getattr(trained, method)(images)
        np.testing.assert_array_equal(getattr(loaded, method)(images), expected)
    for sampler in ("prior", "mixture"):
        samples = [each.sample(5, sampler, 3, seed=0) for each in (trained, loaded)]
        np.testing.assert_array_equal(*samples)


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def fill(content):
    return lambda path: path.write_bytes(content)


def edit(**changes):
    return lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def resize(**sizes):
    def write(path):
        edit(architecture=json.loads(path.read_text())["architecture"] | sizes)(path)

    return write


def lose_a_weight(path):
    weights = load_file(path)
    weights.popitem()
    save_file(weights, path)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, cut) for name in OWNERS),
        *((name, fill(content)) for name in OWNERS for content in (b"", b"\xff\xfe\x00garbage")),
        *((name, lose_a_weight) for name in (WEIGHTS, "verifier.safetensors")),
        *((name, fill(content)) for name in (JSON, "verifier.json") for content in (b"[1]", b"7")),
        *(("verifier.json", edit(blocks=blocks)) for blocks in ([[4, 6], [9]], [], 7, [["4"]])),
        ("verifier.json", edit(width=3)),
        (JSON, fill(b"null")),
        *((JSON, edit(kind=kind)) for kind in ("autoencoder", "diffusion", ["variational"])),
        (JSON, edit(binarization="grey")),
        (JSON, edit(architecture=None)),
        *((JSON, edit(correction=value)) for value in ({}, 7, {"log_error_mean": 1.0})),
        *((JSON, resize(latent_dim=value)) for value in (3, "2", 2.5)),
        *((JSON, resize(in_channels=value)) for value in (3, 2)),
        *((JSON, resize(widths=value)) for value in ([], 7)),
        (JSON, resize(hidden_dim=None)),
        (JSON, resize(depth=4)),
        (PRIOR, lambda path: save_density(standard_normal(3), path)),
        ("mixture.safetensors", lambda path: save_density(standard_normal(1), path)),
    ],
)
def test_damaged_files_and_files_that_do_not_match_are_refused(folder, name, damage):
    model = OWNERS[name]
    damage(folder / model / name)
    write_checksums(folder / model)
    with pytest.raises(ValueError, match=f"^{folder}.*: not a saved {model}: .") as caught:
        LOADERS[model](folder / model)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", OWNERS)
def test_a_missing_file_is_named(folder, name):
    (folder / OWNERS[name] / name).unlink()
    with pytest.raises(FileNotFoundError, match=name.replace(".", r"\.")):
        LOADERS[OWNERS[name]](folder / OWNERS[name])


@pytest.mark.parametrize("name", OWNERS)
@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_a_malicious_file_never_runs(folder, name, write):
    path, trace = folder / OWNERS[name] / name, folder / "trace"
    with path.open("wb") as file:
        write(Malicious(trace), file)
    write_checksums(path.parent)
    with pytest.raises(ValueError, match="not a saved"):
        LOADERS[OWNERS[name]](path.parent)
    assert not trace.exists()
    with path.open("rb") as file:
        if write is pickle.dump:
            pickle.Unpickler(file).load()
        else:
            torch.load(file, weights_only=False)
    assert trace.exists(), "the file must act when it is loaded without the check"
