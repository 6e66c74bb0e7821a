"""Training of autoencoders of every kind: AdamW, and one cycle of the learning rate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from numpy.typing import NDArray
from torch import Tensor

from pipelines.digits.data.stacking import draw_stacks, pixel_values, stacked_images
from pipelines.digits.models.kinds import KINDS, Network
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder, with_latents_of
from pipelines.training import Device, Precision, TensorBatches, TrainingResult, fit, one_cycle

__all__ = ["fit_autoencoder", "train_autoencoder"]

VALIDATION_BATCH_SIZE = 1000  # it decides memory and speed alone
# In so few epochs the gradients' scale changes faster than AdamW's usual 0.999 forgets; after 4
# epochs 0.95 gains 2 nats of likelihood.
BETAS = (0.9, 0.95)


class _AutoencoderTraining(LightningModule):
    """Training step and optimizer of an autoencoder."""

    def __init__(self, network: Network, settings: AutoencoderSettings) -> None:
        super().__init__()
        self.network = network
        self.settings = settings

    def training_step(self, batch: tuple[Tensor], batch_idx: int) -> Tensor:
        loss, kl = self._loss("train", batch[0])
        warmup = self.settings.kl_warmup * self.trainer.num_training_batches
        return loss if self.global_step >= warmup else loss - (1 - self.global_step / warmup) * kl

    def validation_step(self, batch: tuple[Tensor], batch_idx: int) -> None:
        self._loss("validation", batch[0])

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            betas=BETAS,
            fused=True,
        )
        return one_cycle(self, optimizer)

    def _loss(self, split: str, images: Tensor) -> tuple[Tensor, Tensor]:
        """Log the loss, and return it with its KL, 0 of losses without one."""
        images = _stacked_at_random(images, self.settings.architecture.channels)
        pixels = pixel_values(images, self.settings.pixels)
        kind, samples = KINDS[self.settings.kind], self.settings.importance_samples
        parts = kind.loss(self.network, pixels, samples)
        self.log_dict(
            {f"{split}/{name}": value for name, value in parts.items()},
            on_step=False,
            on_epoch=True,
            batch_size=len(images),
        )
        return parts["loss"], parts.get("kl", torch.zeros(()))


def fit_autoencoder(
    images: NDArray[np.uint8],
    settings: AutoencoderSettings,
    *,
    mixture_components: int,
    seed: int,
    device: Device = "auto",
    precision: Precision = "32-true",
    checkpoint_folder: Path | None = None,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> tuple[TrainedAutoencoder, TrainingResult]:
    """Train an autoencoder, then fit the density of its latents.

    Args:
        images: uint8 [n, 28, 28].
        settings: Hyperparameters.
        mixture_components: Of the Gaussian mixture that is fitted to the latents.
        seed: Seed of every random draw.
        device: See `train_autoencoder`, as for the three that follow.
        precision: As Lightning names it.
        checkpoint_folder: Where to keep, and to look for, the last epoch's state.
        on_epoch: Called with the number and the metrics of each epoch.

    Returns:
        The trained autoencoder and the result of its training.

    Raises:
        ValueError: If an argument is out of range, or a latent is the same of all images.
        DivergenceError: If the loss becomes infinite or NaN.
    """
    network, result = train_autoencoder(
        images,
        settings,
        seed=seed,
        device=device,
        precision=precision,
        checkpoint_folder=checkpoint_folder,
        on_epoch=on_epoch,
    )
    if settings.architecture.channels == 3:
        stacks = draw_stacks(len(images), len(images), np.random.default_rng(seed))
        images = stacked_images(images, stacks)
    trained = with_latents_of(
        images, network, settings.pixels, components=mixture_components, seed=seed
    )
    return trained, result


def train_autoencoder(
    images: NDArray[np.uint8],
    settings: AutoencoderSettings,
    *,
    seed: int,
    device: Device = "auto",
    precision: Precision = "32-true",
    checkpoint_folder: Path | None = None,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> tuple[Network, TrainingResult]:
    """Train an autoencoder on images of single digits.

    A network of three channels learns from stacks of them, drawn again at every step.

    Args:
        images: uint8 [n, 28, 28].
        settings: Hyperparameters.
        seed: Decides the first weights, the validation images and every random draw of training.
        device: See `pipelines.training.fit`, as for the three that follow.
        precision: As Lightning names it.
        checkpoint_folder: Where to keep, and to look for, the last epoch's state.
        on_epoch: Called with the number and the metrics of each epoch: "train/loss" and
            "validation/loss" in nats an image, and of a variational autoencoder with one sample
            their parts "…/reconstruction" and "…/kl".

    Returns:
        The network of the epoch with the lowest validation loss, and the history.

    Raises:
        ValueError: If an argument is out of range.
        DivergenceError: If the loss becomes infinite or NaN.
    """
    held_out = round(settings.validation_fraction * len(images))
    if not 0 < held_out < len(images):
        raise ValueError(
            f"validation_fraction: {settings.validation_fraction} of {len(images)} images, "
            "a share that leaves some of them on either side expected"
        )
    pixels = torch.from_numpy(images).unsqueeze(1)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(images)))
    training, validation = pixels[order[:-held_out]], pixels[order[-held_out:]]
    if len(training) % settings.batch_size == 1:
        # a last batch of one image has no statistics to normalise by
        training = training[:-1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = KINDS[settings.kind].network(settings.architecture)
    result = fit(
        _AutoencoderTraining(network, settings),
        TensorBatches(training, batch_size=settings.batch_size, shuffle=True),
        TensorBatches(validation, batch_size=VALIDATION_BATCH_SIZE),
        max_epochs=settings.epochs,
        patience=settings.patience,
        seed=seed,
        device=device,
        precision=precision,
        checkpoint_folder=checkpoint_folder,
        on_epoch=on_epoch,
    )
    return network, result


def _stacked_at_random(images: Tensor, channels: int) -> Tensor:
    """Return stacks, [n, channels, 28, 28], of the single images of a batch, [n, 1, 28, 28].

    Each channel holds every image of the batch once, in an order of its own.
    """
    if channels == 1:
        return images
    orders = [torch.randperm(len(images), device=images.device) for _ in range(channels)]
    return torch.cat([images[order] for order in orders], dim=1)
