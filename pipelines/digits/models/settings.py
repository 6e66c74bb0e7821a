"""Hyperparameters of the verifier and of the autoencoders."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.digits.data.augmentation import Augmentation
from pipelines.digits.data.stacking import Binarization
from pipelines.digits.models.autoencoder import Architecture
from pipelines.digits.models.kinds import KINDS

__all__ = ["AutoencoderSettings", "VerifierSettings"]


@dataclass(frozen=True)
class VerifierSettings:
    """Hyperparameters of a verifier.

    Attributes:
        blocks: Channels of the convolutions, block by block; see `Verifier`.
        dropout: Share of the last block's outputs left out in training.
        augmentation: How far training images are distorted.
        epochs: Epochs to train at most; the learning rate's single cycle spans them all.
        patience: Epochs without a better validation loss after which training stops, or None. High
            rates in mid-cycle shake the loss: allow for more than half of the epochs.
        batch_size: Images in a step.
        learning_rate: Peak of the cycle.
        weight_decay: AdamW's decay of the weights of convolutions and of the linear layer.
        validation_fraction: Share of the training images, drawn at random, to validate with.
    """

    blocks: Sequence[Sequence[int]] = ((32, 32), (64, 64))
    dropout: float = 0.2
    augmentation: Augmentation = field(default_factory=Augmentation)
    epochs: int = 7
    patience: int | None = 5
    batch_size: int = 128
    learning_rate: float = 0.006
    weight_decay: float = 0.02
    validation_fraction: float = 0.05


@dataclass(frozen=True)
class AutoencoderSettings:
    """Hyperparameters of an autoencoder.

    Attributes:
        kind: A key of `KINDS`: whether latents are numbers, or drawn from distributions.
        architecture: Sizes of the network.
        binarization: How grey levels become inputs; see `stacking.pixel_values`.
        importance_samples: Latents that a variational autoencoder draws for an image in training;
            with more than one it learns by the importance-weighted bound.
        kl_warmup: Epochs in which the weight of KL(q(z|x) || N(0, I)) rises from 0 to 1, of a
            variational autoencoder with one importance sample. Latents that would be given up at
            once then learn to matter (Bowman et al., "Generating Sentences from a Continuous
            Space", 2016; Sønderby et al., "Ladder Variational Autoencoders", 2016): images become
            likelier, and N(0, I) is filled less evenly. Metrics are of the whole bound all along.
        epochs: Epochs to train at most; the learning rate's single cycle spans them all.
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

    kind: str = "variational"
    architecture: Architecture = field(default_factory=Architecture)
    binarization: Binarization = "dynamic"
    importance_samples: int = 1
    kl_warmup: float = 0.0
    epochs: int = 8
    patience: int | None = None
    batch_size: int = 128
    learning_rate: float = 0.003
    weight_decay: float = 0.0
    validation_fraction: float = 0.05

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind: {self.kind!r}, one of {', '.join(KINDS)} expected")
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
