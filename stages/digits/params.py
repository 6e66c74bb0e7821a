"""The `digits` section of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from stages.section import Section

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


class Verifier(Section):
    """The ten-class network that judges what the other models make."""

    blocks: list[Block] = Field(
        min_length=1,
        max_length=4,
        description="channels of the convolutions at 14×14 pixels, then at 7×7, 3×3 and 1×1",
    )
    dropout: float = Field(ge=0, lt=1, description="share of the last features left out")
    augmentation: Augmentation = Field(description="distortion of training images")
    epochs: int = Field(ge=1, description="most epochs; one cycle of learning rate spans them")
    early_stopping: Annotated[int, Field(ge=1)] | None = Field(
        description="epochs without a better validation loss before stopping, or null for never"
    )
    batch_size: int = Field(ge=2, description="images a step")
    learning_rate: float = Field(gt=0, description="peak of the one cycle")
    weight_decay: float = Field(ge=0, description="AdamW's decay of the weights")
    validation_fraction: float = Field(
        ge=0.001, lt=1, description="share of the training images that chooses the epoch"
    )
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = Field(
        description="floating-point type, as Lightning names it"
    )


class Digits(Section):
    """Handwritten digits, their judge, and the models that imitate them."""

    source: Literal["mnist", "sklearn"] = Field(
        description="mnist: the real 70,000 images; sklearn: 1,797 small ones, for trials"
    )
    verifier: Verifier = Field(description="the network that judges the others")
