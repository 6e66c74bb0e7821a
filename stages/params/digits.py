"""Schema of the `digits` section of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stages.params.section import (
    EPOCHS,
    LEARNING_RATE,
    PATIENCE,
    WEIGHT_DECAY,
    Name,
    Patience,
    Section,
    Seeded,
    Variant,
)

Width = Annotated[int, Field(ge=1, le=4096)]
Block = Annotated[list[Width], Field(min_length=1)]

_VALIDATION_FRACTION = (
    "fraction of the training images held out for validation, which selects the best epoch"
)
_PRECISION = "floating-point precision of training, as Lightning's Trainer names it"


class Augmentation(Section):
    """Random affine transformations of training images."""

    rotation: float = Field(
        ge=0, le=180, description="maximum rotation in either direction, in degrees"
    )
    scaling: float = Field(
        ge=0,
        lt=1,
        description="maximum absolute logarithm of the scale factors of height and width",
    )
    shear: float = Field(
        ge=0, le=1, description="maximum horizontal shear, in pixels per pixel of height"
    )
    shift: float = Field(ge=0, le=14, description="maximum shift along each axis, in pixels")


class Verifier(Variant):
    """Convolutional classifier that evaluates the autoencoders."""

    blocks: list[Block] = Field(
        min_length=1,
        max_length=4,
        description="output channels of the convolutions of each block, at 14×14, 7×7, 3×3 and "
        "1×1 pixels",
    )
    dropout: float = Field(ge=0, lt=1, description="dropout probability before the output layer")
    augmentation: Augmentation = Field(description="data augmentation of training images")
    epochs: int = Field(ge=1, description=EPOCHS)
    patience: Patience = Field(description=PATIENCE)
    batch_size: int = Field(ge=2, description="number of images per batch")
    learning_rate: float = Field(gt=0, description=LEARNING_RATE)
    weight_decay: float = Field(ge=0, description=WEIGHT_DECAY)
    validation_fraction: float = Field(ge=0.001, lt=1, description=_VALIDATION_FRACTION)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field(description=_PRECISION)


class Architecture(Section):
    """Layer sizes of an encoder and of its mirrored decoder."""

    in_channels: Literal[1, 3] = Field(
        description="input channels: 1 for single images (stacks are processed channel by "
        "channel), 3 for stacks of three digits"
    )
    latent_dim: int = Field(ge=1, le=256, description="dimension of the latent space")
    widths: list[Width] = Field(
        min_length=1,
        max_length=2,
        description="output channels of the convolutions; each one halves height and width",
    )
    hidden_dim: Width = Field(
        description="width of the linear layers between the convolutions and the latent space"
    )
    residual_blocks: int = Field(
        ge=0, le=16, description="number of residual blocks of two linear layers in the decoder"
    )


class _Autoencoder(Seeded):
    """Parameters of every autoencoder."""

    held_out_digit: Annotated[int, Field(ge=0, le=9)] | None = Field(
        description="digit removed from the training images, used as the anomaly; null removes none"
    )
    binarization: Literal["dynamic", "threshold", "none"] = Field(
        description="binarization of grey levels: dynamic samples 0 or 1 at each use, threshold "
        "cuts at 0.5, none keeps the grey levels"
    )
    architecture: Architecture = Field(description="layer sizes of encoder and decoder")
    epochs: int = Field(ge=1, description=EPOCHS)
    patience: Patience = Field(description=PATIENCE)
    batch_size: int = Field(ge=2, description="number of images per batch")
    learning_rate: float = Field(gt=0, description=LEARNING_RATE)
    weight_decay: float = Field(ge=0, description=WEIGHT_DECAY)
    validation_fraction: float = Field(ge=0.001, lt=1, description=_VALIDATION_FRACTION)
    mixture_components: int = Field(
        ge=1,
        le=2000,
        description="number of components of the Gaussian mixture fitted to the latents",
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field(description=_PRECISION)


class PlainAutoencoder(_Autoencoder):
    """An autoencoder with deterministic latents."""

    kind: Literal["autoencoder"] = Field(description="autoencoder with deterministic latents")


class VariationalAutoencoder(_Autoencoder):
    """A variational autoencoder (VAE), or an importance-weighted one (IWAE)."""

    kind: Literal["variational"] = Field(
        description="variational autoencoder (VAE), which samples latents from the approximate "
        "posterior"
    )
    importance_samples: int = Field(
        ge=1,
        le=100,
        description="latent samples per training image: 1 for a VAE, more for an "
        "importance-weighted autoencoder (IWAE)",
    )
    kl_warmup: float = Field(
        ge=0,
        description="number of epochs in which the weight of the KL divergence rises to 1; must "
        "be 0 if importance_samples exceeds 1",
    )

    @model_validator(mode="after")
    def _check_kl_warmup(self) -> Self:
        if self.kl_warmup and self.importance_samples > 1:
            raise ValueError(
                f"kl_warmup = {self.kl_warmup}: must be 0 if importance_samples is more than 1"
            )
        return self


Autoencoder = Annotated[PlainAutoencoder | VariationalAutoencoder, Field(discriminator="kind")]


class ConfidenceThresholds(Section):
    """Minimum confidence of the verifier for a predictable image."""

    single: float = Field(ge=0, le=1, description="minimum for single images")
    stacked: float = Field(
        ge=0, le=1, description="minimum for stacks: product of the three digits' confidences"
    )


class Evaluation(Section):
    """Evaluation of the autoencoders."""

    confidence_threshold: ConfidenceThresholds = Field(
        description="minimum probability that the verifier assigns to the predicted class of a "
        "predictable image"
    )
    samples: int = Field(
        ge=100, description="number of generated single images, and of generated stacks"
    )
    mode_samples: int = Field(
        ge=100, description="number of generated stacks for counting modes; at least samples"
    )
    sampling_seeds: int = Field(
        ge=1, description="number of repetitions of the generation, with different seeds"
    )
    likelihood_images: int = Field(
        ge=1, description="number of test images for the importance-sampled log-likelihood"
    )
    likelihood_samples: int = Field(
        ge=1, description="number of importance samples per test image for the log-likelihood"
    )
    marginal_samples: int = Field(
        ge=1, description="number of prior samples for the anomaly score based on p(x)"
    )

    @model_validator(mode="after")
    def _check_mode_samples(self) -> Self:
        if self.mode_samples < self.samples:
            raise ValueError(
                f"mode_samples = {self.mode_samples}: must be at least samples = {self.samples}"
            )
        return self


class Digits(Section):
    """Handwritten digits, the verifier and the autoencoders."""

    source: Literal["mnist", "sklearn"] = Field(
        description="data set: mnist with 70,000 images, or sklearn with 1,797 smaller images for "
        "smoke tests"
    )
    verifier: Verifier = Field(description="classifier that evaluates the autoencoders")
    models: dict[Name, Autoencoder] = Field(
        min_length=1, description="autoencoders to train and compare, by name"
    )
    evaluation: Evaluation = Field(description="evaluation of the autoencoders")

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if "verifier" in self.models:
            raise ValueError("models.verifier: must have another name; verifier is reserved")
        return self
