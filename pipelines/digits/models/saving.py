"""Saving and loading of a trained autoencoder with the densities of its latents."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from pipelines.checksums import check_checksums, write_checksums
from pipelines.digits.data.stacking import Binarization
from pipelines.digits.models.anomaly_score import DensityCorrectedScore
from pipelines.digits.models.autoencoder import Architecture
from pipelines.digits.models.kinds import KINDS
from pipelines.digits.models.latents import load_density, save_density
from pipelines.digits.models.trained_autoencoder import Sampler, TrainedAutoencoder

__all__ = ["load_trained_autoencoder", "save_trained_autoencoder"]

CONFIGURATION_NAME = "autoencoder.json"
WEIGHTS_NAME = "autoencoder.safetensors"


def save_trained_autoencoder(trained: TrainedAutoencoder, folder: Path) -> None:
    """Save a trained autoencoder as safetensors files and a JSON configuration.

    The same autoencoder gives the same bytes.
    """
    configuration = {
        "kind": trained.kind,
        "architecture": asdict(trained.network.architecture),
        "binarization": trained.binarization,
        "correction": asdict(trained.correction),
    }
    (folder / CONFIGURATION_NAME).write_text(json.dumps(configuration, indent=2) + "\n")
    weights = {name: value.contiguous() for name, value in trained.network.state_dict().items()}
    (folder / WEIGHTS_NAME).write_bytes(save(weights))  # save_file hides errors of the disk
    for name in get_args(Sampler):
        save_density(getattr(trained, name), folder / f"{name}.safetensors")
    write_checksums(folder)


def load_trained_autoencoder(folder: Path) -> TrainedAutoencoder:
    """Load the autoencoder that `save_trained_autoencoder` saved.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file was changed, or the files do not match each other.
    """
    try:
        check_checksums(folder)
        configuration = json.loads((folder / CONFIGURATION_NAME).read_bytes())
        network = KINDS[configuration["kind"]].network(
            Architecture(**configuration["architecture"])
        )
        network.load_state_dict(load_file(folder / WEIGHTS_NAME))
        trained = TrainedAutoencoder(
            network=network.eval(),
            binarization=configuration["binarization"],
            prior=load_density(folder / "prior.safetensors"),
            mixture=load_density(folder / "mixture.safetensors"),
            correction=DensityCorrectedScore(**configuration["correction"]),
        )
        if trained.binarization not in get_args(Binarization):
            modes = ", ".join(get_args(Binarization))
            raise ValueError(f"binarization: {trained.binarization!r}, expected one of {modes}")
        for name in get_args(Sampler):
            if getattr(trained, name).means.shape[1] != network.architecture.latent_dim:
                raise ValueError(f"the {name} and the network's latents differ in dimension")
    except (ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{folder}: not a saved autoencoder: {reason}") from error
    return trained
