"""The `digits` section of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stages.params.section import PATIENCE, Name, Patience, Section, Seeded, Variant

Width = Annotated[int, Field(ge=1, le=4096)]
Block = Annotated[list[Width], Field(min_length=1)]


class Augmentation(Section):
    """How far training images are distorted; every amount is drawn anew for each image."""

    rotation: float = Field(ge=0, le=180, description="largest angle either way, in degrees")
    scaling: float = Field(
        ge=0, lt=1, description="largest change of the logarithm of height and of width"
    )
    shear: float = Field(ge=0, le=1, description="largest sideways shift per pixel of height")
    shift: float = Field(ge=0, le=14, description="largest movement along each axis, in pixels")


class Verifier(Variant):
    """The ten-class network that evaluates the other models."""

    blocks: list[Block] = Field(
        min_length=1,
        max_length=4,
        description="channels of the convolutions at 14×14 pixels, then at 7×7, 3×3 and 1×1",
    )
    dropout: float = Field(ge=0, lt=1, description="share of the last features left out")
    augmentation: Augmentation = Field(description="distortion of training images")
    epochs: int = Field(ge=1, description="most epochs; one cycle of learning rate spans them")
    patience: Patience = Field(description=PATIENCE)
    batch_size: int = Field(ge=2, description="images a step")
    learning_rate: float = Field(gt=0, description="peak of the one cycle")
    weight_decay: float = Field(ge=0, description="AdamW's decay of the weights")
    validation_fraction: float = Field(
        ge=0.001, lt=1, description="share of the training images that chooses the epoch"
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field(
        description="floating-point type, as Lightning names it"
    )


class Architecture(Section):
    """Sizes of an encoder, and of the decoder that mirrors it."""

    in_channels: Literal[1, 3] = Field(
        description="1: single images, and stacks a channel at a time; 3: stacks as a whole"
    )
    latent_dim: int = Field(ge=1, le=256, description="dimension of the latents")
    widths: list[Width] = Field(
        min_length=1, max_length=2, description="channels of the convolutions, each halves the side"
    )
    hidden_dim: Width = Field(description="width of the linear layers between them and the latents")
    residual_blocks: int = Field(
        ge=0, le=16, description="pairs of linear layers by which the decoder bends the latents"
    )


class _Autoencoder(Seeded):
    """What every autoencoder has."""

    held_out_digit: Annotated[int, Field(ge=0, le=9)] | None = Field(
        description="digit left out of the training images, to be found as an anomaly, or null"
    )
    binarization: Literal["dynamic", "threshold", "none"] = Field(
        description="grey levels: drawn as 0 or 1 at every use, thresholded at 0.5, or unchanged"
    )
    architecture: Architecture = Field(description="sizes of the network")
    epochs: int = Field(ge=1, description="most epochs; one cycle of learning rate spans them")
    patience: Patience = Field(description=PATIENCE)
    batch_size: int = Field(ge=2, description="images a step")
    learning_rate: float = Field(gt=0, description="peak of the one cycle")
    weight_decay: float = Field(ge=0, description="AdamW's decay of the weights")
    validation_fraction: float = Field(
        ge=0.001, lt=1, description="share of the training images that chooses the epoch"
    )
    mixture_components: int = Field(
        ge=1, le=2000, description="normal distributions in the density fitted to the latents"
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field(
        description="floating-point type, as Lightning names it"
    )


class PlainAutoencoder(_Autoencoder):
    """An autoencoder whose latents are numbers."""

    kind: Literal["autoencoder"] = Field(description="latents are numbers")


class VariationalAutoencoder(_Autoencoder):
    """An autoencoder whose latents are drawn from distributions."""

    kind: Literal["variational"] = Field(description="latents are drawn from distributions")
    importance_samples: int = Field(
        ge=1, le=100, description="latents drawn for an image in training; 1 is the plain bound"
    )
    kl_warmup: float = Field(
        ge=0, description="epochs in which the weight of the KL rises to 1; 0 with several latents"
    )

    @model_validator(mode="after")
    def _a_bound_with_a_kl(self) -> Self:
        if self.kl_warmup and self.importance_samples > 1:
            raise ValueError(
                f"kl_warmup {self.kl_warmup}: accepted is 0 where importance_samples is more than 1"
            )
        return self


Autoencoder = Annotated[PlainAutoencoder | VariationalAutoencoder, Field(discriminator="kind")]


class ConfidenceThresholds(Section):
    """Probability above which the verifier's prediction counts."""

    single: float = Field(ge=0, le=1, description="of a single image")
    stacked: float = Field(ge=0, le=1, description="of a stack: the product over its three digits")


class Evaluation(Section):
    """How the autoencoders are evaluated."""

    confidence_threshold: ConfidenceThresholds = Field(
        description="smallest probability of the predicted class in a predictable image"
    )
    samples: int = Field(ge=100, description="images generated, single and stacked")
    mode_samples: int = Field(
        ge=100, description="stacks generated for the count of the thousand modes"
    )
    sampling_seeds: int = Field(ge=1, description="times that generation is repeated")
    likelihood_images: int = Field(
        ge=1, description="test images whose likelihood is estimated by importance sampling"
    )
    likelihood_samples: int = Field(ge=1, description="latents drawn for each of them")
    marginal_samples: int = Field(
        ge=1, description="samples of the prior in the anomaly score by p(x)"
    )

    @model_validator(mode="after")
    def _more_modes_than_samples(self) -> Self:
        if self.mode_samples < self.samples:
            raise ValueError(
                f"mode_samples {self.mode_samples}: accepted is at least samples, {self.samples}"
            )
        return self


class Digits(Section):
    """Handwritten digits, the verifier, and the autoencoders."""

    source: Literal["mnist", "sklearn"] = Field(
        description="mnist: the real 70,000 images; sklearn: 1,797 small ones, for trials"
    )
    verifier: Verifier = Field(description="the network that evaluates the other models")
    models: dict[Name, Autoencoder] = Field(
        min_length=1, description="the autoencoders to train and compare, by name"
    )
    evaluation: Evaluation = Field(description="how the autoencoders are evaluated")

    @model_validator(mode="after")
    def _verifier_is_no_variant(self) -> Self:
        if "verifier" in self.models:
            raise ValueError("models.verifier: accepted is another name than verifier")
        return self
