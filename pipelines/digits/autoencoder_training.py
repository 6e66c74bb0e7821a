"""How autoencoders and variational autoencoders are trained: AdamW, one cycle of learning rate."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning.pytorch import LightningModule
from numpy.typing import NDArray
from torch import Tensor

from pipelines.digits.autoencoder import Architecture, Autoencoder
from pipelines.digits.likelihood import bernoulli_log_likelihood
from pipelines.digits.stacking import PixelMode, pixel_values
from pipelines.digits.variational import (
    VariationalAutoencoder,
    importance_weighted_bound,
    lower_bound,
)
from pipelines.training import Device, Precision, TensorBatches, TrainingResult, fit

__all__ = ["AutoencoderSettings", "Kind", "train_autoencoder"]

Kind = Literal["autoencoder", "variational"]
VALIDATION_BATCH_SIZE = 1000  # it decides memory and speed alone
# In so few epochs the gradients' scale changes faster than AdamW's usual 0.999 forgets; after 4
# epochs 0.95 gains 2 nats of likelihood.
BETAS = (0.9, 0.95)


@dataclass(frozen=True)
class AutoencoderSettings:
    """Everything that decides what an autoencoder learns, but for data and seed.

    Attributes:
        kind: Whether latents are numbers, or drawn from distributions.
        architecture: Sizes of the network.
        pixels: What becomes of grey levels; see `stacking.pixel_values`.
        importance_samples: Latents that a variational autoencoder draws for an image in training;
            with more than one it learns by the importance-weighted bound.
        kl_warmup: Epochs in which the weight of KL(q(z|x) || N(0, I)) rises from 0 to 1, of a
            variational autoencoder with one importance sample. Latents that would be given up at
            once then learn to matter (Bowman et al., "Generating Sentences from a Continuous
            Space", 2016; Sønderby et al., "Ladder Variational Autoencoders", 2016): images become
            likelier, and N(0, I) is filled less evenly. Metrics are of the whole bound all along.
        max_epochs: Epochs to train at most; the learning rate's single cycle spans them all.
        patience: Epochs without a better validation loss after which training stops, or None.
        batch_size: Images in a step, at least 2.
        learning_rate: Peak of the cycle.
        weight_decay: AdamW's decay of the weights.
        validation_fraction: Share of the training images, drawn at random, to validate with.

    Raises:
        ValueError: If there is no such kind, an autoencoder that is not variational is to draw, or
            a batch has too few images for batch normalisation, or a warm-up is negative or of a
            loss that has no KL.
    """

    kind: Kind = "variational"
    architecture: Architecture = field(default_factory=Architecture)
    pixels: PixelMode = "bernoulli"
    importance_samples: int = 1
    kl_warmup: float = 0.0
    max_epochs: int = 8
    patience: int | None = None
    batch_size: int = 128
    learning_rate: float = 0.003
    weight_decay: float = 0.0
    validation_fraction: float = 0.05

    def __post_init__(self) -> None:
        if self.kind not in ("autoencoder", "variational"):
            raise ValueError(f"kind: {self.kind!r}, autoencoder or variational expected")
        if self.importance_samples < 1 or (
            self.kind == "autoencoder" and self.importance_samples != 1
        ):
            raise ValueError(
                f"importance_samples: {self.importance_samples}, at least 1 expected, and 1 of an "
                "autoencoder that is not variational"
            )
        has_kl = self.kind == "variational" and self.importance_samples == 1
        if self.kl_warmup < 0 or (self.kl_warmup > 0 and not has_kl):
            raise ValueError(
                f"kl_warmup: {self.kl_warmup}, at least 0 expected, and 0 of all but a variational "
                "autoencoder with one importance sample"
            )
        if self.batch_size < 2:
            raise ValueError(f"batch_size: {self.batch_size}, at least 2 expected")


class _AutoencoderTraining(LightningModule):
    """How an autoencoder learns: the loss of a batch of images, in nats an image."""

    def __init__(
        self, network: Autoencoder | VariationalAutoencoder, settings: AutoencoderSettings
    ) -> None:
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
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=self.settings.learning_rate,
            total_steps=int(self.trainer.estimated_stepping_batches),
            cycle_momentum=False,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def _loss(self, split: str, images: Tensor) -> tuple[Tensor, Tensor]:
        """Log the loss, and return it with the KL that it holds, 0 of losses without one."""
        images = _stacked_at_random(images, self.settings.architecture.channels)
        pixels = pixel_values(images, self.settings.pixels)
        parts: dict[str, Tensor] = {}
        if isinstance(self.network, Autoencoder):
            logits = self.network.decode(self.network.encode(pixels))
            loss = -bernoulli_log_likelihood(pixels, logits).mean()
        elif self.settings.importance_samples == 1:
            log_likelihood, kl = lower_bound(self.network, pixels)
            parts = {"reconstruction": -log_likelihood.mean(), "kl": kl.mean()}
            loss = parts["reconstruction"] + parts["kl"]
        else:
            samples = self.settings.importance_samples
            loss = -importance_weighted_bound(self.network, pixels, samples).mean()
        self.log_dict(
            {f"{split}/{name}": value for name, value in ({"loss": loss} | parts).items()},
            on_step=False,
            on_epoch=True,
            batch_size=len(images),
        )
        return loss, parts.get("kl", torch.zeros(()))


def train_autoencoder(
    images: NDArray[np.uint8],
    settings: AutoencoderSettings,
    *,
    seed: int,
    device: Device = "auto",
    precision: Precision = "32-true",
    checkpoint_folder: Path | None = None,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> tuple[Autoencoder | VariationalAutoencoder, TrainingResult]:
    """An autoencoder trained on images of single digits, and how the training went.

    A network of three channels learns from stacks of them, put together anew at every step.

    Args:
        images: uint8 [n, 28, 28].
        settings: What and how to learn.
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
        kinds = {"autoencoder": Autoencoder, "variational": VariationalAutoencoder}
        network = kinds[settings.kind](settings.architecture)
    result = fit(
        _AutoencoderTraining(network, settings),
        TensorBatches(training, batch_size=settings.batch_size, shuffle=True),
        TensorBatches(validation, batch_size=VALIDATION_BATCH_SIZE),
        max_epochs=settings.max_epochs,
        patience=settings.patience,
        seed=seed,
        device=device,
        precision=precision,
        checkpoint_folder=checkpoint_folder,
        on_epoch=on_epoch,
    )
    return network, result


def _stacked_at_random(images: Tensor, channels: int) -> Tensor:
    """Stacks, [n, channels, 28, 28], of the single images of a batch, [n, 1, 28, 28].

    Each channel holds every image of the batch once, in an order of its own.
    """
    if channels == 1:
        return images
    orders = [torch.randperm(len(images), device=images.device) for _ in range(channels)]
    return torch.cat([images[order] for order in orders], dim=1)
