"""Schema of the `figures` section of params.yaml."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from stages.params.section import PATIENCE, Name, Patience, Section, Seeded, Split

Activation = Literal["relu", "leaky_relu", "gelu", "sigmoid", "tanh", "identity", "softmax"]
_LEARNING_RATE = "peak learning rate of the schedule"

UniformRange = Annotated[float, Field(gt=0)]
Initialization = Literal["glorot", "he"] | UniformRange


class Dataset(Section):
    """A set of generated figures."""

    count: int = Field(ge=12, le=1_000_000, description="total number of figures of all classes")
    size: int = Field(ge=7, le=200, description="height and width of an image, in pixels")
    noise: float = Field(
        ge=0,
        le=1,
        description="probability that a set pixel moves, and that an empty pixel is set",
    )
    centred: bool = Field(
        description="whether figures are centred and fill the image; otherwise they have a random "
        "size and lie in one of the four corners"
    )
    split: Split = Field(description="fractions of the splits; they sum to 1")

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        if self.count * self.size**2 > 2**31:
            raise ValueError(
                f"{self.count:,} figures of {self.size}×{self.size} pixels exceed 2 GiB"
            )
        smallest = min(self.split.train, self.split.validation, self.split.test)
        if smallest * self.count < 1:
            raise ValueError(
                f"a fraction of {smallest:g} of {self.count} figures is an empty split"
            )
        return self


class Dense(Section):
    """A fully connected hidden layer."""

    width: int = Field(ge=1, le=10_000, description="number of units")
    activation: Activation = Field(description="activation function")


class Convolution(Section):
    """A convolution with max pooling."""

    filters: int = Field(ge=1, le=1_000, description="number of filters")
    kernel: int = Field(ge=1, le=200, description="height and width of the kernel, in pixels")
    activation: Activation = Field(
        description="activation function, applied after pooling; not softmax"
    )
    pool: int = Field(
        ge=1,
        le=200,
        description="height and width of the max pooling window, in pixels; 1 for no pooling",
    )

    @field_validator("activation")
    @classmethod
    def _check_activation(cls, activation: str) -> str:
        if activation == "softmax":
            raise ValueError("'softmax' is not supported in a convolution")
        return activation


class Dropout(Section):
    """A dropout layer."""

    dropout: float = Field(
        ge=0, lt=1, description="probability of dropping a unit of the previous layer in training"
    )


def _kind_of_layer(layer: Any) -> str:
    """Return the name of a layer's class, which its keys determine."""
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
    """Mini-batch gradient descent with momentum."""

    name: Literal["sgd"] = Field(description="stochastic gradient descent with momentum")
    learning_rate: float = Field(gt=0, description=_LEARNING_RATE)
    momentum: float = Field(ge=0, lt=1, description="momentum coefficient; 0 for no momentum")


class Adam(Section):
    """Adam (Kingma and Ba, 2015) with its default decay rates."""

    name: Literal["adam"] = Field(description="Adam with its default decay rates")
    learning_rate: float = Field(gt=0, description=_LEARNING_RATE)


class AdamW(Section):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    name: Literal["adamw"] = Field(description="Adam with decoupled weight decay")
    learning_rate: float = Field(gt=0, description=_LEARNING_RATE)
    weight_decay: float = Field(
        ge=0, description="weight decay coefficient, applied to all parameters"
    )


class Regularization(Section):
    """A penalty on the weights."""

    name: Literal["l1", "l2"] = Field(
        description="penalty on the weights, without biases: rate × Σ|w| for l1, rate / 2 × Σw² "
        "for l2"
    )
    rate: float = Field(ge=0, description="regularization strength")


class Network(Seeded):
    """Architecture and training of a network."""

    dataset: Name = Field(description="data set, a key of `figures.datasets`")
    layers: list[Layer] = Field(
        description="hidden layers from input to output; an empty list for none"
    )
    output: Activation = Field(description="activation function of the output layer")
    softmax: bool = Field(description="whether a softmax layer follows the output layer")
    loss: Literal["mean_squared_error", "binary_cross_entropy", "categorical_cross_entropy"] = (
        Field(description="loss function")
    )
    initialization: Initialization | list[Initialization] = Field(
        description="weight initialization: glorot, he, or a number r for uniform in [-r, r]; a "
        "list has an entry for each layer with weights"
    )
    optimizer: Annotated[StochasticGradientDescent | Adam | AdamW, Field(discriminator="name")] = (
        Field(description="optimizer and its parameters")
    )
    schedule: Literal["constant", "cosine", "one_cycle"] = Field(
        description="learning rate schedule: constant, cosine decay to 0, or one_cycle with a "
        "warm-up before the decay"
    )
    clip_norm: Annotated[float, Field(gt=0)] | None = Field(
        description="maximum L2 norm of the gradient, by gradient clipping; null for no clipping"
    )
    regularization: Regularization | None = Field(
        description="penalty on the weights; null for none"
    )
    epochs: int = Field(ge=1, description="maximum number of epochs")
    batch_size: int = Field(
        ge=1, description="number of figures per batch, at most the size of the training split"
    )
    patience: Patience = Field(description=PATIENCE)
    precision: Literal["float32", "float64"] = Field(description="floating-point type")

    @model_validator(mode="after")
    def _check_loss(self) -> Self:
        if self.loss == "binary_cross_entropy" and (self.softmax or self.output == "softmax"):
            raise ValueError(
                "loss = 'binary_cross_entropy' requires independent outputs: with softmax it must "
                "be 'categorical_cross_entropy'"
            )
        return self

    @model_validator(mode="after")
    def _check_layer_order(self) -> Self:
        dense = [isinstance(layer, Dense) for layer in self.layers]
        for number, layer in enumerate(self.layers):
            if isinstance(layer, Convolution) and any(dense[:number]):
                raise ValueError(
                    f"layers.{number} is a convolution and must come before the dense layer "
                    f"layers.{dense.index(True)}"
                )
        return self

    @model_validator(mode="after")
    def _check_initialization(self) -> Self:
        weight_layers = sum(not isinstance(layer, Dropout) for layer in self.layers) + 1
        if isinstance(self.initialization, list) and len(self.initialization) != weight_layers:
            raise ValueError(
                f"initialization has {len(self.initialization)} entries for {weight_layers} "
                "layers with weights (hidden layers and the output layer)"
            )
        return self


class Figures(Section):
    """Generated crosses, circles and lines, and the networks that classify them."""

    datasets: dict[Name, Dataset] = Field(
        min_length=1, description="data sets to generate, by name"
    )
    models: dict[Name, Network] = Field(
        min_length=1, description="networks to train and compare, by name"
    )

    @model_validator(mode="after")
    def _check_datasets(self) -> Self:
        for name, network in self.models.items():
            if network.dataset not in self.datasets:
                raise ValueError(
                    f"models.{name}.dataset = {network.dataset!r}: must be a key of "
                    f"figures.datasets: {', '.join(self.datasets)}"
                )
        return self

    @model_validator(mode="after")
    def _check_convolution_sizes(self) -> Self:
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
    return f"{place} = {side}: must be at most {image}, the height and width of its input"
