"""The `figures` section of params.yaml."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from stages.params.section import PATIENCE, Name, Patience, Section, Seeded, Split

Activation = Literal["relu", "leaky_relu", "gelu", "sigmoid", "tanh", "identity", "softmax"]
UniformRange = Annotated[float, Field(gt=0)]
Initialization = Literal["glorot", "he"] | UniformRange


class Dataset(Section):
    """A set of generated figures."""

    count: int = Field(ge=12, le=1_000_000, description="figures drawn, all classes together")
    size: int = Field(ge=7, le=200, description="side of the square canvas in pixels")
    noise: float = Field(
        ge=0, le=1, description="probability that a set pixel moves and that an empty one is set"
    )
    centred: bool = Field(
        description="true: figures fill the canvas; false: random side, in one of four corners"
    )
    split: Split = Field(description="shares of the figures; they sum to 1")

    @model_validator(mode="after")
    def _no_empty_split(self) -> Self:
        if self.count * self.size**2 > 2**31:
            raise ValueError(
                f"{self.count:,} figures of {self.size}×{self.size} pixels exceed 2 GiB"
            )
        smallest = min(self.split.train, self.split.validation, self.split.test)
        if smallest * self.count < 1:
            raise ValueError(f"a share of {smallest:g} of {self.count} figures leaves none")
        return self


class Dense(Section):
    """A hidden layer whose units are connected to all inputs."""

    width: int = Field(ge=1, le=10_000, description="number of units")
    activation: Activation = Field(description="function of the weighted sum of each unit")


class Convolution(Section):
    """A hidden layer of filters, each computed from small squares of an image."""

    filters: int = Field(ge=1, le=1_000, description="number of filters")
    kernel: int = Field(ge=1, le=200, description="side of the square that a filter covers")
    activation: Activation = Field(description="function of the weighted sum of each unit")
    pool: int = Field(
        ge=1,
        le=200,
        description="side of the squares of which the largest stays, to be activated; 1 for none",
    )

    @field_validator("activation")
    @classmethod
    def _no_softmax(cls, activation: str) -> str:
        if activation == "softmax":
            raise ValueError("'softmax' is of units, not of images: accepted is any other")
        return activation


class Dropout(Section):
    """Drops units at random while training."""

    dropout: float = Field(ge=0, lt=1, description="share of the units below that each step drops")


def _kind_of_layer(layer: Any) -> str:
    """Return the name of the class of a layer, by its keys."""
    if isinstance(layer, Section):
        return type(layer).__name__
    keys = layer if isinstance(layer, Mapping) else ()
    if {"filters", "kernel", "pool"} & {*keys}:
        return "Convolution"
    return "Dropout" if "dropout" in keys else "Dense"


Layer = Annotated[
    Annotated[Dense, Tag("Dense")]
    | Annotated[Convolution, Tag("Convolution")]
    | Annotated[Dropout, Tag("Dropout")],
    Discriminator(_kind_of_layer),
]


class StochasticGradientDescent(Section):
    """Plain gradient descent on batches."""

    name: Literal["sgd"] = Field(description="stochastic gradient descent")
    learning_rate: float = Field(gt=0, description="step size at the peak of the schedule")
    momentum: float = Field(ge=0, lt=1, description="share of the last step kept; 0 for none")


class Adam(Section):
    """Adam (Kingma and Ba, 2015) with its usual decay rates."""

    name: Literal["adam"] = Field(description="Adam with its usual decay rates")
    learning_rate: float = Field(gt=0, description="step size at the peak of the schedule")


class AdamW(Section):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"] = Field(description="Adam with decoupled weight decay")
    learning_rate: float = Field(gt=0, description="step size at the peak of the schedule")
    weight_decay: float = Field(
        ge=0, description="share of all parameters taken off a step, times the step size"
    )


class Regularization(Section):
    """A penalty on the weights."""

    name: Literal["l1", "l2"] = Field(description="l1: rate × Σ|w|; l2: rate / 2 × Σw²")
    rate: float = Field(ge=0, description="strength of the penalty; biases go free")


class Network(Seeded):
    """A model: an architecture and how it is trained."""

    dataset: Name = Field(description="key of `figures.datasets`")
    layers: list[Layer] = Field(description="hidden layers from input to output; may be empty")
    output: Activation = Field(description="activation of the four output units")
    softmax: bool = Field(description="a further softmax layer without weights after the output")
    loss: Literal["mean_squared_error", "binary_cross_entropy", "categorical_cross_entropy"] = (
        Field(description="what training minimises")
    )
    initialization: Initialization | list[Initialization] = Field(
        description="glorot, he, or r for uniform in ±r; one for all or one a weight layer"
    )
    optimizer: Annotated[StochasticGradientDescent | Adam | AdamW, Field(discriminator="name")] = (
        Field(description="how the gradient becomes a step")
    )
    schedule: Literal["constant", "cosine", "one_cycle"] = Field(
        description="course of the step size: its peak throughout; down to 0; up to it and down"
    )
    clip_norm: Annotated[float, Field(gt=0)] | None = Field(
        description="largest norm of a gradient, a longer one is shortened to it; null for any"
    )
    regularization: Regularization | None = Field(description="penalty on weights, or null")
    epochs: int = Field(ge=1, description="most passes over the training figures")
    batch_size: int = Field(ge=1, description="figures a step; at most all of them are taken")
    patience: Patience = Field(description=PATIENCE)
    precision: Literal["float32", "float64"] = Field(description="floating-point type")

    @model_validator(mode="after")
    def _no_binary_loss_of_a_distribution(self) -> Self:
        if self.loss == "binary_cross_entropy" and (self.softmax or self.output == "softmax"):
            raise ValueError(
                "loss = 'binary_cross_entropy' scores each output by itself, softmax makes them "
                "one distribution: accepted is 'categorical_cross_entropy'"
            )
        return self

    @model_validator(mode="after")
    def _images_reach_convolutions(self) -> Self:
        dense = [isinstance(layer, Dense) for layer in self.layers]
        for number, layer in enumerate(self.layers):
            if isinstance(layer, Convolution) and any(dense[:number]):
                raise ValueError(
                    f"layers.{number} is a convolution, which takes images, but the dense layer "
                    f"{dense.index(True)} gives none: accepted is a convolution before it"
                )
        return self

    @model_validator(mode="after")
    def _one_initialization_a_layer(self) -> Self:
        weight_layers = sum(not isinstance(layer, Dropout) for layer in self.layers) + 1
        if isinstance(self.initialization, list) and len(self.initialization) != weight_layers:
            raise ValueError(
                f"initialization lists {len(self.initialization)} entries for {weight_layers} "
                "weight layers (hidden layers and the output)"
            )
        return self


class Figures(Section):
    """Generated crosses, circles and lines, and the networks that classify them."""

    datasets: dict[Name, Dataset] = Field(min_length=1, description="figures to draw, by name")
    models: dict[Name, Network] = Field(min_length=1, description="variants, by name")

    @model_validator(mode="after")
    def _datasets_exist(self) -> Self:
        for name, network in self.models.items():
            if network.dataset not in self.datasets:
                raise ValueError(
                    f"models.{name}.dataset = {network.dataset!r}: accepted is a key of "
                    f"figures.datasets: {', '.join(self.datasets)}"
                )
        return self

    @model_validator(mode="after")
    def _convolutions_fit(self) -> Self:
        for name, network in self.models.items():
            side = self.datasets[network.dataset].size
            for number, layer in enumerate(network.layers):
                if not isinstance(layer, Convolution):
                    continue
                place = f"models.{name}.layers.{number}"
                convolved = side - layer.kernel + 1
                if convolved < 1:
                    raise ValueError(_too_large(f"{place}.kernel", layer.kernel, side))
                if layer.pool > convolved:
                    raise ValueError(_too_large(f"{place}.pool", layer.pool, convolved))
                side = convolved // layer.pool
        return self


def _too_large(place: str, side: int, image: int) -> str:
    return f"{place} = {side}: accepted is at most {image}, the side of the image there"
