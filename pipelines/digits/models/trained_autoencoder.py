"""A trained autoencoder that reconstructs digits, generates new ones and detects anomalies.

Input and output images are uint8. A network with one channel processes the channels of a stack as
separate images with separate latents. A network with three channels accepts only stacks.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.digits.data.stacking import Binarization, join_channels, pixel_values, split_channels
from pipelines.digits.models.anomaly_score import (
    DensityCorrectedScore,
    highest_channel,
    squared_error,
)
from pipelines.digits.models.gaussian_mixture import gaussian_mixture
from pipelines.digits.models.generation import DECODED_AT_ONCE, decoded_images
from pipelines.digits.models.kinds import KINDS, Network
from pipelines.digits.models.latents import LatentDensity, independent_normals, standard_normal
from pipelines.digits.models.variational import VariationalAutoencoder

__all__ = ["AnomalyScores", "Sampler", "TrainedAutoencoder", "with_latents_of"]

Sampler = Literal["prior", "mixture"]

IMAGES_AT_ONCE = 250


class AnomalyScores(NamedTuple):
    """Two anomaly scores of images, [n] each. The score of a stack is its highest channel's.

    Attributes:
        errors: Squared reconstruction errors.
        density_corrected: Scores by error and density; see `anomaly_score.DensityCorrectedScore`.
    """

    errors: NDArray[np.float32]
    density_corrected: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TrainedAutoencoder:
    """A trained network and the densities of its latents.

    Attributes:
        network: Network in evaluation mode.
        binarization: Binarisation of grey levels in training.
        prior: Prior of the latents. It is N(0, I) for a variational autoencoder. Otherwise, it has
            a normal distribution for each coordinate, fitted to the training latents.
        mixture: Gaussian mixture fitted to the training latents.
        correction: Anomaly score by reconstruction error and density of the mixture.
    """

    network: Network
    binarization: Binarization
    prior: LatentDensity
    mixture: LatentDensity
    correction: DensityCorrectedScore

    @property
    def channels(self) -> int:
        """Number of the network's input channels."""
        return self.network.architecture.in_channels

    @property
    def latent_dim(self) -> int:
        """Dimension of the latents."""
        return self.network.architecture.latent_dim

    @property
    def kind(self) -> str:
        """Kind of the network as a key of `KINDS`."""
        return next(name for name, kind in KINDS.items() if type(self.network) is kind.network)

    @property
    def variational(self) -> bool:
        """Whether the network is a variational autoencoder."""
        return isinstance(self.network, VariationalAutoencoder)

    def network_pixels(self, images: NDArray[np.uint8]) -> Tensor:
        """Convert images to network inputs from 0 to 1, float [n, channels, 28, 28].

        After training with dynamic binarisation, the inputs are the probabilities of its samples.
        For a network with one channel, a stack becomes three single images.

        Args:
            images: Single images, [n, 28, 28], or stacks, [n, 28, 28, 3].

        Raises:
            ValueError: If the images have another type or shape.
        """
        side, stacked = (28, 28), images.ndim == 4 and images.shape[3] == 3
        if (
            images.dtype != np.uint8
            or images.shape[1:3] != side
            or not (stacked or (images.ndim == 3 and self.channels == 1))
        ):
            accepted = "[n, 28, 28, 3]" if self.channels == 3 else "[n, 28, 28] or [n, 28, 28, 3]"
            raise ValueError(
                f"images: {images.dtype} {list(images.shape)}, expected uint8 {accepted}"
            )
        singles = split_channels(images) if stacked else np.ascontiguousarray(images)
        grey = torch.from_numpy(singles).view(-1, self.channels, *side)
        return pixel_values(grey, "threshold" if self.binarization == "threshold" else "none")

    def latents(self, images: NDArray[np.uint8]) -> Tensor:
        """Encode images as latents, [n, latent_dim].

        A variational autoencoder returns the means of the posteriors. A network with one channel
        returns three latent vectors for each stack.

        Args:
            images: Single images, [n, 28, 28], or stacks, [n, 28, 28, 3].
        """
        return _encode(self.network, self.network_pixels(images))[0]

    def images(self, latents: Tensor, channels: int) -> NDArray[np.uint8]:
        """Decode images from latents.

        Args:
            latents: Latents in the order of `latents`.
            channels: Number of channels of the images, 1 or 3.

        Returns:
            Single images, [n, 28, 28], or stacks, [n, 28, 28, 3].
        """
        decoded = decoded_images(self.network.decode, latents.to(_device(self.network)))
        return self.joined(decoded, channels)

    def joined(self, decoded: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
        """Arrange decoded images as single images or as stacks.

        Args:
            decoded: Images in the order of the network's output.
            channels: Number of channels of the result, 1 or 3.
        """
        if self.channels == 3:
            return np.ascontiguousarray(np.moveaxis(decoded, 1, 3))
        return join_channels(decoded, channels) if channels == 3 else decoded

    @torch.inference_mode()
    def logits(self, latents: Tensor) -> Tensor:
        """Decode latents, [n, latent_dim], to logits of white, [n, channels, 28, 28]."""
        device = _device(self.network)
        batches = latents.split(DECODED_AT_ONCE)
        return torch.cat([self.network.decode(batch.to(device)).cpu() for batch in batches])

    def reconstruct(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Reconstruct images. The reconstructions have the same shape."""
        return self.images(self.latents(images), 3 if images.ndim == 4 else 1)

    def sample(
        self, count: int, sampler: Sampler, channels: int, *, seed: int
    ) -> NDArray[np.uint8]:
        """Generate images.

        Args:
            count: Number of images.
            sampler: Density of the latents.
            channels: Number of channels of the images, 1 or 3.
            seed: Seed of the latents.

        Returns:
            Single images, [count, 28, 28], or stacks, [count, 28, 28, 3].

        Raises:
            ValueError: If the sampler is unknown, or the network cannot generate the channels.
        """
        if sampler not in get_args(Sampler):
            raise ValueError(f"sampler: {sampler!r}, expected prior or mixture")
        if channels not in {3, self.channels}:
            accepted = "3" if self.channels == 3 else "1 or 3"
            raise ValueError(f"channels: {channels}, expected {accepted}")
        density = self.prior if sampler == "prior" else self.mixture
        generator = torch.Generator().manual_seed(seed)
        latents = density.sample(count * channels // self.channels, generator)
        return self.images(latents, channels)

    def anomaly_scores(self, images: NDArray[np.uint8]) -> AnomalyScores:
        """Return anomaly scores of images, [n] each, where higher means more anomalous."""
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
    """Fit densities to the latents of the training images, and the anomaly score.

    Args:
        images: Training images, [n, 28, 28], or stacks for a network with three channels.
        network: Trained network, which is set to evaluation mode.
        binarization: Binarisation of grey levels in training.
        components: Number of components of the Gaussian mixture.
        seed: Seed of the samples from the posteriors and of the fit of the mixture.

    Returns:
        The network with its densities and its anomaly score.

    Raises:
        ValueError: If an argument is out of range, or a latent has the same value for all images.
    """
    network.eval()
    variational = isinstance(network, VariationalAutoencoder)
    # placeholders until the densities are fitted
    unfitted = standard_normal(network.architecture.latent_dim)
    trained = TrainedAutoencoder(
        network, binarization, unfitted, unfitted, DensityCorrectedScore(0, 1, 0, 1)
    )
    pixels = trained.network_pixels(images)
    means, log_variances = _encode(network, pixels)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(means.shape, generator=generator)
    latents = means + (log_variances / 2).exp() * noise if variational else means
    mixture = gaussian_mixture(latents, components, seed=seed)
    errors = squared_error(pixels, trained.logits(means)).numpy()
    return TrainedAutoencoder(
        network=network,
        binarization=binarization,
        prior=unfitted if variational else independent_normals(means),
        mixture=mixture,
        correction=DensityCorrectedScore.fit(errors, mixture.log_density(means).numpy()),
    )


@torch.inference_mode()
def _encode(network: Network, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return means and log variances, [n, latent_dim] each, with variance 0 if not variational."""
    device, moments = _device(network), []
    for batch in pixels.split(IMAGES_AT_ONCE):
        encoded = network.encode(batch.to(device))
        mean, log_variance = (
            encoded
            if isinstance(encoded, tuple)
            else (encoded, torch.full_like(encoded, -torch.inf))
        )
        moments.append((mean.cpu(), log_variance.cpu()))
    means, log_variances = zip(*moments, strict=True)
    return torch.cat(means), torch.cat(log_variances)


def _device(network: Network) -> torch.device:
    return next(network.parameters()).device
