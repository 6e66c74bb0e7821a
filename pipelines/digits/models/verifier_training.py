"""Training of the verifier, with distorted images, AdamW and a one-cycle learning rate."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipelines.digits.data.augmentation import distort
from pipelines.digits.models.settings import VerifierSettings
from pipelines.digits.models.verifier import Verifier, unit_scale
from pipelines.training import Device, Precision, TensorBatches, TrainingResult, fit, one_cycle

__all__ = ["train_verifier"]

VALIDATION_BATCH_SIZE = 1000  # affects memory and speed only


class _VerifierTraining(LightningModule):
    """Training step and optimizer of a verifier."""

    def __init__(self, network: Verifier, settings: VerifierSettings) -> None:
        super().__init__()
        self.network = network
        self.settings = settings

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        images, labels = batch
        logits = self.network(distort(unit_scale(images), self.settings.augmentation))
        loss = functional.cross_entropy(logits, labels)
        self._log_scores("train", loss, logits, labels)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        images, labels = batch
        logits = self.network(unit_scale(images))
        self._log_scores("validation", functional.cross_entropy(logits, labels), logits, labels)

    def configure_optimizers(self) -> dict[str, Any]:
        parameters = list(self.network.parameters())
        optimizer = torch.optim.AdamW(
            [
                # biases and normalisation layers have no weight decay
                {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
                {"params": [p for p in parameters if p.ndim > 1]},
            ],
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
        )
        return one_cycle(self, optimizer)

    def _log_scores(self, split: str, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        accuracy = (logits.argmax(dim=1) == labels).float().mean()
        self.log(f"{split}/loss", loss, on_step=False, on_epoch=True, batch_size=len(labels))
        self.log(
            f"{split}/accuracy",
            accuracy,
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            batch_size=len(labels),
        )


def train_verifier(
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    settings: VerifierSettings,
    *,
    seed: int,
    device: Device = "auto",
    precision: Precision = "32-true",
    checkpoint_folder: Path | None = None,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> tuple[Verifier, TrainingResult]:
    """Train a verifier on labelled digits.

    Args:
        images: Training images, uint8 [n, 28, 28].
        labels: Digits 0 to 9, uint8 [n].
        settings: Hyperparameters.
        seed: Seed of the initial weights, the validation split and all random numbers of training.
        device: See `pipelines.training.fit`.
        precision: Lightning's name of the precision.
        checkpoint_folder: Folder of the checkpoint, from which an interrupted training resumes.
        on_epoch: Called after each epoch with its number and its metrics: "train/loss" and
            "train/accuracy" on distorted images, "validation/loss" and "validation/accuracy".

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
    classes = torch.from_numpy(labels.astype(np.int64))
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(images)))
    training, validation = order[:-held_out], order[-held_out:]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Verifier(settings.blocks, settings.dropout)
    result = fit(
        _VerifierTraining(network, settings),
        TensorBatches(
            pixels[training], classes[training], batch_size=settings.batch_size, shuffle=True
        ),
        TensorBatches(pixels[validation], classes[validation], batch_size=VALIDATION_BATCH_SIZE),
        max_epochs=settings.epochs,
        patience=settings.patience,
        seed=seed,
        device=device,
        precision=precision,
        checkpoint_folder=checkpoint_folder,
        on_epoch=on_epoch,
    )
    return network, result
