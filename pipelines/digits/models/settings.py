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
        blocks: Channels of the convolutions in each block; see `Verifier`.
        dropout: Dropout probability of the last block's outputs.
        augmentation: Ranges of the distortions of training images.
        epochs: Largest number of epochs. The one-cycle learning rate spans all of them.
        patience: Epochs without a better validation loss after which training stops, or None. The
            loss fluctuates in the middle of the cycle, so use more than half of the epochs.
        batch_size: Number of images in a step.
        learning_rate: Peak of the one-cycle learning rate.
        weight_decay: AdamW's decay of the weights of convolutions and of the linear layer.
        validation_fraction: Share of the training images in the random validation split.
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
        kind: Kind of autoencoder, a key of `KINDS`.
        architecture: Sizes of the network.
        binarization: Binarisation of grey levels; see `stacking.pixel_values`.
        importance_samples: Number of latents that a variational autoencoder samples per image in
            training. With more than one, it maximises the importance-weighted bound.
        kl_warmup: Epochs in which the weight of KL(q(z|x) || N(0, I)) increases from 0 to 1. It
            requires a variational autoencoder with one importance sample. A warm-up keeps latents
            from collapsing early (Bowman et al., "Generating Sentences from a Continuous Space",
            2016; Sønderby et al., "Ladder Variational Autoencoders", 2016). The likelihood of
            images increases, but the latents match N(0, I) less well. The logged metrics always
            use the full weight.
        epochs: Largest number of epochs. The one-cycle learning rate spans all of them.
        patience: Epochs without a better validation loss after which training stops, or None.
        batch_size: Number of images in a step, at least 2.
        learning_rate: Peak of the one-cycle learning rate.
        weight_decay: AdamW's decay of the weights.
        validation_fraction: Share of the training images in the random validation split.

    Raises:
        ValueError: If the kind is unknown, a value is out of range, or the kind of autoencoder does
            not support it.
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
            raise ValueError(f"kind: {self.kind!r}, expected one of {', '.join(KINDS)}")
        if self.importance_samples < 1 or (
            self.kind == "autoencoder" and self.importance_samples != 1
        ):
            raise ValueError(
                f"importance_samples: {self.importance_samples}, expected at least 1, and 1 for an "
                "autoencoder that is not variational"
            )
        has_kl = self.kind == "variational" and self.importance_samples == 1
        if self.kl_warmup < 0 or (self.kl_warmup > 0 and not has_kl):
            raise ValueError(
                f"kl_warmup: {self.kl_warmup}, expected at least 0, and 0 except for a variational "
                "autoencoder with one importance sample"
            )
        if self.batch_size < 2:
            raise ValueError(f"batch_size: {self.batch_size}, expected at least 2")
