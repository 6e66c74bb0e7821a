"""Records samples of an autoencoder at a few steps of its training."""

from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from torch import Tensor

from pipelines.digits.data.stacking import pixel_values
from pipelines.digits.models.generation import decoded_images
from pipelines.digits.models.kinds import Network
from pipelines.digits.models.training_samples import TrainingSamples
from pipelines.digits.models.variational import VariationalAutoencoder

__all__ = ["SampleRecorder"]

SAMPLES = 8
RECORDINGS = 8
# the first recording, as a share of all steps; later the images change more slowly
EARLIEST = 0.01


class SampleRecorder(Callback):
    """Lightning callback that decodes the same random latents at a few steps of a training.

    The steps are spaced evenly on a logarithmic scale. The latents have a generator of their own,
    so the recorder leaves the training unchanged. A checkpoint includes the recorded images.

    Args:
        seed: Seed of the latents.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epochs: list[float] = []
        self.images: list[Tensor] = []

    @property
    def samples(self) -> TrainingSamples:
        """The images recorded so far."""
        return TrainingSamples(np.array(self.epochs), np.stack([x.numpy() for x in self.images]))

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"epochs": self.epochs, "images": self.images}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        vars(self).update(state_dict)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Choose the steps."""
        steps = trainer.estimated_stepping_batches
        self.steps = np.geomspace(max(1, EARLIEST * steps), steps, RECORDINGS).round().tolist()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        module: LightningModule,
        outputs: Any,
        batch: tuple[Tensor],
        batch_idx: int,
    ) -> None:
        """Record the samples if this step is one of the chosen ones."""
        if trainer.global_step in self.steps:
            self.epochs.append(trainer.global_step / trainer.num_training_batches)
            self.images.append(torch.from_numpy(_decoded(module.network, batch[0], self.seed)))


@torch.no_grad()
def _decoded(network: Network, batch: Tensor, seed: int) -> NDArray[np.uint8]:
    """Decode latents drawn from the prior, with the network in evaluation mode meanwhile.

    Args:
        network: In training mode.
        batch: Single training images, uint8 [n, 1, 28, 28]. A network that is not variational has
            no prior, so its latents are drawn from normal distributions with their mean and
            standard deviation.
        seed: Seed of the draw.
    """
    size, channels = network.architecture.latent_dim, network.architecture.in_channels
    latents = torch.randn(SAMPLES, size, generator=torch.Generator().manual_seed(seed))
    latents = latents.to(batch.device)
    network.eval()
    if not isinstance(network, VariationalAutoencoder):
        stacks = torch.cat([batch.roll(shift, dims=0) for shift in range(channels)], dim=1)
        encoded = network.encode(pixel_values(stacks, "none"))
        latents = encoded.mean(dim=0) + encoded.std(dim=0) * latents
    images = decoded_images(network.decode, latents)
    network.train()
    return np.moveaxis(images, 1, 3) if channels == 3 else images
