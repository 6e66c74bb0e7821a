"""The `figures` section of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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


class Layer(Section):
    """A hidden layer."""

    width: int = Field(ge=1, le=10_000, description="number of units")
    activation: Activation = Field(description="what each unit does to its weighted sum")


class StochasticGradientDescent(Section):
    """Plain gradient descent on batches."""

    name: Literal["sgd"] = Field(description="stochastic gradient descent")
    learning_rate: float = Field(gt=0, description="step size")
    momentum: float = Field(ge=0, lt=1, description="share of the last step kept; 0 for none")


class Adam(Section):
    """Adam (Kingma and Ba, 2015) with its usual decay rates."""

    name: Literal["adam"] = Field(description="Adam with its usual decay rates")
    learning_rate: float = Field(gt=0, description="step size")


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
    optimizer: Annotated[StochasticGradientDescent | Adam, Field(discriminator="name")] = Field(
        description="how the gradient becomes a step"
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
    def _one_initialization_a_layer(self) -> Self:
        weight_layers = len(self.layers) + 1
        if isinstance(self.initialization, list) and len(self.initialization) != weight_layers:
            raise ValueError(
                f"initialization lists {len(self.initialization)} entries for {weight_layers} "
                "weight layers (hidden layers and the output)"
            )
        return self


class Figures(Section):
    """Generated crosses, circles and lines, and the networks that classify them."""

    datasets: dict[Name, Dataset] = Field(min_length=1, description="figures to draw, by name")
    networks: dict[Name, Network] = Field(min_length=1, description="variants, by name")

    @model_validator(mode="after")
    def _datasets_exist(self) -> Self:
        for name, network in self.networks.items():
            if network.dataset not in self.datasets:
                raise ValueError(
                    f"networks.{name}.dataset = {network.dataset!r}: accepted is a key of "
                    f"figures.datasets: {', '.join(self.datasets)}"
                )
        return self
