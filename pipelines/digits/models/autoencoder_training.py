"""Training of every kind of autoencoder, with AdamW and a one-cycle learning rate."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule
from numpy.typing import NDArray
from torch import Tensor

from pipelines.digits.data.stacking import draw_stacks, pixel_values, stacked_images
from pipelines.digits.models.kinds import KINDS, Network
from pipelines.digits.models.settings import AutoencoderSettings
from pipelines.digits.models.trained_autoencoder import TrainedAutoencoder, with_latents_of
from pipelines.training import Device, Precision, TensorBatches, TrainingResult, fit, one_cycle

__all__ = ["fit_autoencoder", "train_autoencoder"]

VALIDATION_BATCH_SIZE = 1000  # affects memory and speed only
# In short trainings the scale of the gradients changes faster than AdamW's default of 0.999 allows
# for. After 4 epochs, 0.95 gains 2 nats of likelihood.
BETAS = (0.9, 0.95)


class _AutoencoderTraining(LightningModule):
    """Training step and optimizer of an autoencoder."""

    def __init__(
        self, network: Network, settings: AutoencoderSettings, callbacks: Sequence[Callback]
    ) -> None:
        super().__init__()
        self.network = network
        self.settings = settings
        self.callbacks = callbacks

    def configure_callbacks(self) -> Sequence[Callback]:
        return self.callbacks

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
        """Log the loss and its terms. Return the loss and its KL divergence, 0 if it has none."""
        images = _stacked_at_random(images, self.settings.architecture.in_channels)
        pixels = pixel_values(images, self.settings.binarization)
        kind, samples = KINDS[self.settings.kind], self.settings.importance_samples
        terms = kind.loss(self.network, pixels, samples)
        self.log_dict(
            {f"{split}/{name}": value for name, value in terms.items()},
            on_step=False,
            on_epoch=True,
            batch_size=len(images),
        )
        return terms["loss"], terms.get("kl", torch.zeros(()))


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
    callbacks: Sequence[Callback] = (),
) -> tuple[TrainedAutoencoder, TrainingResult]:
    """Train an autoencoder, then fit the densities of its latents.

    Args:
        images: Single images, uint8 [n, 28, 28].
        settings: Hyperparameters.
        mixture_components: Number of components of the Gaussian mixture fitted to the latents.
        seed: Seed of all random numbers.
        device: See `train_autoencoder`.
        precision: See `train_autoencoder`.
        checkpoint_folder: See `train_autoencoder`.
        on_epoch: See `train_autoencoder`.
        callbacks: See `train_autoencoder`.

    Returns:
        The trained autoencoder and the result of its training.

    Raises:
        ValueError: If an argument is out of range, or a latent has the same value for all images.
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
        callbacks=callbacks,
    )
    if settings.architecture.in_channels == 3:
        stacks = draw_stacks(len(images), len(images), np.random.default_rng(seed))
        images = stacked_images(images, stacks)
    trained = with_latents_of(
        images, network, settings.binarization, components=mixture_components, seed=seed
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
    callbacks: Sequence[Callback] = (),
) -> tuple[Network, TrainingResult]:
    """Train an autoencoder on images of single digits.

    A network with three channels is trained on random stacks of these images, which differ in each
    step.

    Args:
        images: Single images, uint8 [n, 28, 28].
        settings: Hyperparameters.
        seed: Seed of the initial weights, the validation split and all random numbers of training.
        device: See `pipelines.training.fit`.
        precision: Lightning's name of the precision.
        checkpoint_folder: Folder of the checkpoint, from which an interrupted training resumes.
        on_epoch: Called after each epoch with its number and its metrics: "train/loss" and
            "validation/loss" in nats per image. A variational autoencoder with one importance
            sample also has the terms "…/reconstruction" and "…/kl".
        callbacks: Further Lightning callbacks.

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
            "expected a share that leaves images for both training and validation"
        )
    pixels = torch.from_numpy(images).unsqueeze(1)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(images)))
    training, validation = pixels[order[:-held_out]], pixels[order[-held_out:]]
    if len(training) % settings.batch_size == 1:
        # batch normalisation needs at least two images in the last batch
        training = training[:-1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = KINDS[settings.kind].network(settings.architecture)
    result = fit(
        _AutoencoderTraining(network, settings, callbacks),
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
    """Stack the single images of a batch, [n, 1, 28, 28], as [n, channels, 28, 28].

    Each channel contains each image of the batch once, in a separate random order.
    """
    if channels == 1:
        return images
    orders = [torch.randperm(len(images), device=images.device) for _ in range(channels)]
    return torch.cat([images[order] for order in orders], dim=1)
