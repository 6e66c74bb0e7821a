"""Training of the verifier: distorted images, AdamW, and one cycle of the learning rate."""

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

VALIDATION_BATCH_SIZE = 1000  # it decides memory and speed alone


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
                # biases and the scales of the normalisation are free
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
        images: uint8 [n, 28, 28].
        labels: Digits 0 to 9, uint8 [n].
        settings: Hyperparameters.
        seed: Decides the first weights, the validation images and every random draw of training.
        device: See `pipelines.training.fit`, as for the three that follow.
        precision: As Lightning names it.
        checkpoint_folder: Where to keep, and to look for, the last epoch's state.
        on_epoch: Called with the number and the metrics of each epoch: "train/loss" and
            "train/accuracy" of the distorted images, "validation/loss" and "validation/accuracy".

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
