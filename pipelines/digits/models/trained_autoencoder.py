"""A trained autoencoder with the densities of its latents: it reconstructs, generates and scores.

Images come and go as uint8. A network of one channel takes stacks a channel at a time, each with
its own latents; one of three channels takes nothing but stacks, whole.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from pipelines.checksums import check_checksums, write_checksums
from pipelines.digits.data.stacking import Binarization, join_channels, pixel_values, split_channels
from pipelines.digits.models.anomaly_score import (
    DensityCorrectedScore,
    highest_channel,
    squared_error,
)
from pipelines.digits.models.autoencoder import Architecture
from pipelines.digits.models.gaussian_mixture import gaussian_mixture
from pipelines.digits.models.generation import DECODED_AT_ONCE, decoded_images
from pipelines.digits.models.kinds import KINDS, Network
from pipelines.digits.models.latents import (
    LatentDensity,
    independent_normals,
    load_density,
    save_density,
    standard_normal,
)
from pipelines.digits.models.variational import VariationalAutoencoder

__all__ = [
    "AnomalyScores",
    "Sampler",
    "TrainedAutoencoder",
    "load_trained_autoencoder",
    "save_trained_autoencoder",
    "with_latents_of",
]

Sampler = Literal["prior", "mixture"]

CONFIGURATION_NAME = "autoencoder.json"
WEIGHTS_NAME = "autoencoder.safetensors"
IMAGES_AT_ONCE = 250


class AnomalyScores(NamedTuple):
    """Two anomaly scores of images, [n] each; of a stack the highest of its channels' scores.

    Attributes:
        errors: Squared errors of reconstruction.
        density_corrected: By error and density; see `anomaly_score.DensityCorrectedScore`.
    """

    errors: NDArray[np.float32]
    density_corrected: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TrainedAutoencoder:
    """A network and the densities of its latents.

    Attributes:
        network: In evaluation mode.
        binarization: How grey levels became inputs in training.
        prior: What latents are drawn from by definition: N(0, I) of a variational autoencoder, of
            another a normal distribution for each coordinate of the training latents.
        mixture: A Gaussian mixture fitted to the training latents.
        correction: The anomaly score by reconstruction error and density of the mixture.
    """

    network: Network
    binarization: Binarization
    prior: LatentDensity
    mixture: LatentDensity
    correction: DensityCorrectedScore

    @property
    def channels(self) -> int:
        """Channels of the images that the network takes at a time."""
        return self.network.architecture.in_channels

    @property
    def latent_dim(self) -> int:
        """Dimension of the latents."""
        return self.network.architecture.latent_dim

    @property
    def kind(self) -> str:
        """Kind of the network, a key of `KINDS`."""
        return next(name for name, kind in KINDS.items() if type(self.network) is kind.network)

    @property
    def variational(self) -> bool:
        """Whether latents have distributions, and images a likelihood."""
        return isinstance(self.network, VariationalAutoencoder)

    def network_pixels(self, images: NDArray[np.uint8]) -> Tensor:
        """Return the network's input for images: 0 to 1, float [n, channels, 28, 28].

        Where training drew pixels at random, these are their probabilities. Stacks become as many
        single images for a network of one channel.

        Args:
            images: [n, 28, 28], or stacks [n, 28, 28, 3].

        Raises:
            ValueError: If the images are of another type or shape.
        """
        side, stacked = (28, 28), images.ndim == 4 and images.shape[3] == 3
        if (
            images.dtype != np.uint8
            or images.shape[1:3] != side
            or not (stacked or (images.ndim == 3 and self.channels == 1))
        ):
            accepted = "[n, 28, 28, 3]" if self.channels == 3 else "[n, 28, 28] or [n, 28, 28, 3]"
            raise ValueError(
                f"images: {images.dtype} {list(images.shape)}, uint8 {accepted} expected"
            )
        singles = split_channels(images) if stacked else np.ascontiguousarray(images)
        grey = torch.from_numpy(singles).view(-1, self.channels, *side)
        return pixel_values(grey, "threshold" if self.binarization == "threshold" else "none")

    def latents(self, images: NDArray[np.uint8]) -> Tensor:
        """Return the latents of images, or the means of their distributions, [n, latent].

        Args:
            images: See `network_pixels`; of stacks, a network of one channel has three each.
        """
        return _encode(self.network, self.network_pixels(images))[0]

    def images(self, latents: Tensor, channels: int) -> NDArray[np.uint8]:
        """Decode images from latents.

        Args:
            latents: As `latents` gives them.
            channels: Of the images: 1 or 3.

        Returns:
            [n, 28, 28], or stacks [n, 28, 28, 3].
        """
        drawn = decoded_images(self.network.decode, latents.to(_device(self.network)))
        return self.joined(drawn, channels)

    def joined(self, drawn: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
        """Return decoded images, as the network gives them, with so many channels."""
        if self.channels == 3:
            return np.ascontiguousarray(np.moveaxis(drawn, 1, 3))
        return join_channels(drawn, channels) if channels == 3 else drawn

    @torch.inference_mode()
    def logits(self, latents: Tensor) -> Tensor:
        """Return logits of white, [n, channels, 28, 28], decoded from latents, [n, latent]."""
        device = _device(self.network)
        batches = latents.split(DECODED_AT_ONCE)
        return torch.cat([self.network.decode(batch.to(device)).cpu() for batch in batches])

    def reconstruct(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return reconstructions of images, of the same shape."""
        return self.images(self.latents(images), 3 if images.ndim == 4 else 1)

    def sample(
        self, count: int, sampler: Sampler, channels: int, *, seed: int
    ) -> NDArray[np.uint8]:
        """Generate images.

        Args:
            count: How many.
            sampler: Which density the latents are drawn from.
            channels: Of the images: 1, or 3 for stacks.
            seed: Of the latents drawn.

        Returns:
            [count, 28, 28], or stacks [count, 28, 28, 3].

        Raises:
            ValueError: If there is no such sampler, or the network draws only stacks.
        """
        if sampler not in get_args(Sampler):
            raise ValueError(f"sampler: {sampler!r}, prior or mixture expected")
        if channels not in {3, self.channels}:
            accepted = "3" if self.channels == 3 else "1 or 3"
            raise ValueError(f"channels: {channels}, {accepted} expected")
        density = self.prior if sampler == "prior" else self.mixture
        generator = torch.Generator().manual_seed(seed)
        latents = density.sample(count * channels // self.channels, generator)
        return self.images(latents, channels)

    def anomaly_scores(self, images: NDArray[np.uint8]) -> AnomalyScores:
        """Return anomaly scores of images, by their reconstructions and by their latents."""
        pixels = self.network_pixels(images)
        latents = _encode(self.network, pixels)[0]
        errors = squared_error(pixels, self.logits(latents)).numpy()
        scores = self.correction.score(errors, self.mixture.log_density(latents).numpy())
        units = len(pixels) // len(images)
        return AnomalyScores(highest_channel(errors, units), highest_channel(scores, units))


def with_latents_of(
    images: NDArray[np.uint8],
    network: Network,
    binarization: Binarization,
    *,
    components: int,
    seed: int,
) -> TrainedAutoencoder:
    """Fit the densities of a trained network's latents of the training images.

    Args:
        images: The training images, [n, 28, 28], or stacks for a network of three channels.
        network: It is put in evaluation mode.
        binarization: How grey levels became inputs in training.
        components: Of the Gaussian mixture.
        seed: Decides the draws from the latents' distributions and the fit of the mixture.

    Raises:
        ValueError: If an argument is out of range, or a latent is the same of all images.
    """
    network.eval()
    variational = isinstance(network, VariationalAutoencoder)
    # the densities take the place of these while they do not exist
    unfitted = standard_normal(network.architecture.latent_dim)
    trained = TrainedAutoencoder(
        network, binarization, unfitted, unfitted, DensityCorrectedScore(0, 1, 0, 1)
    )
    values = trained.network_pixels(images)
    means, log_variances = _encode(network, values)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(means.shape, generator=generator)
    draws = means + (log_variances / 2).exp() * noise if variational else means
    mixture = gaussian_mixture(draws, components, seed=seed)
    errors = squared_error(values, trained.logits(means)).numpy()
    return TrainedAutoencoder(
        network=network,
        binarization=binarization,
        prior=unfitted if variational else independent_normals(means),
        mixture=mixture,
        correction=DensityCorrectedScore.fit(errors, mixture.log_density(means).numpy()),
    )


def save_trained_autoencoder(trained: TrainedAutoencoder, folder: Path) -> None:
    """Write a trained autoencoder as safetensors files and the JSON that rebuilds it.

    The same one gives the same bytes.
    """
    configuration = {
        "kind": trained.kind,
        "architecture": asdict(trained.network.architecture),
        "binarization": trained.binarization,
        "correction": asdict(trained.correction),
    }
    (folder / CONFIGURATION_NAME).write_text(json.dumps(configuration, indent=2) + "\n")
    weights = {name: value.contiguous() for name, value in trained.network.state_dict().items()}
    (folder / WEIGHTS_NAME).write_bytes(save(weights))  # save_file would hide what the disk says
    for name in get_args(Sampler):
        save_density(getattr(trained, name), folder / f"{name}.safetensors")
    write_checksums(folder)


def load_trained_autoencoder(folder: Path) -> TrainedAutoencoder:
    """Load what `save_trained_autoencoder` wrote.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file was changed since, or they do not belong together.
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
            raise ValueError(f"binarization: {trained.binarization!r}, one of {modes} expected")
        for name in get_args(Sampler):
            if getattr(trained, name).means.shape[1] != network.architecture.latent_dim:
                raise ValueError(f"{name} is of another dimension than the network's latents")
    except (ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{folder}: not a saved autoencoder: {reason}") from error
    return trained


@torch.inference_mode()
def _encode(network: Network, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return means and log variances, [n, latent] each; without variance if not variational."""
    device, parts = _device(network), []
    for batch in pixels.split(IMAGES_AT_ONCE):
        encoded = network.encode(batch.to(device))
        mean, log_variance = (
            encoded
            if isinstance(encoded, tuple)
            else (encoded, torch.full_like(encoded, -torch.inf))
        )
        parts.append((mean.cpu(), log_variance.cpu()))
    means, log_variances = zip(*parts, strict=True)
    return torch.cat(means), torch.cat(log_variances)


def _device(network: Network) -> torch.device:
    return next(network.parameters()).device
