"""The `imbalance` section of params.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stages.params.section import PATIENCE, Name, Patience, Section, Seeded, Split, Variant

#: Folder of results that is no variant's.
SERIES = "series"
TIME = {"format": "date-time"}


class Simulation(Section):
    """The simulated area."""

    start: str = Field(
        description="time of the first row, UTC, a multiple of five minutes", json_schema_extra=TIME
    )
    days: int = Field(ge=20, le=3660, description="how long the series is")


class SplitByFractions(Split):
    """Shares of the time, one after the other."""

    by: Literal["fractions"] = Field(description="fractions: by shares of the time")


class SplitByTimes(Section):
    """Two moments."""

    by: Literal["times"] = Field(description="times: at two moments")
    validation_start: str = Field(
        description="first time of the validation part, UTC, in quotation marks",
        json_schema_extra=TIME,
    )
    test_start: str = Field(
        description="first time of the test part, UTC, in quotation marks", json_schema_extra=TIME
    )


Target = Literal["y", "residual"]
TARGET = "what is learnt: y, or y without its structural part, which is added back to forecasts"


class _Rule(Variant):
    """A forecaster without parameters."""

    @property
    def residual(self) -> bool:
        """Whether the target is the imbalance without its structural part."""
        return False


class _Learnt(Variant):
    """A forecaster that is fitted to a target."""

    target: Target = Field(description=TARGET)

    @property
    def residual(self) -> bool:
        """Whether the target is the imbalance without its structural part."""
        return self.target == "residual"


class Persistence(_Rule):
    """Everything stays as it is."""

    kind: Literal["persistence"] = Field(description="everything stays as it is")


class StructuralPersistence(_Rule):
    """Everything but the structural imbalance stays as it is."""

    kind: Literal["structural_persistence"] = Field(
        description="everything but the structural imbalance stays as it is"
    )


class Ridge(_Learnt):
    """A ridge regression for every step."""

    kind: Literal["ridge"] = Field(description="a ridge regression for every step")
    alpha: float = Field(ge=0, description="weight of the squared coefficients")


class GradientBoosting(_Learnt, Seeded):
    """Boosted trees for all steps at once."""

    kind: Literal["gradient_boosting"] = Field(description="boosted trees for all steps at once")
    max_iter: int = Field(ge=1, le=10_000, description="number of trees")
    learning_rate: float = Field(gt=0, description="step size")
    max_leaf_nodes: int = Field(ge=2, le=1000, description="leaves of a tree at most")
    min_samples_leaf: int = Field(ge=1, description="forecast steps in a leaf at least")
    max_features: float = Field(
        gt=0, le=1, description="share of the features drawn for every split"
    )
    windows: int = Field(ge=1, description="origins to learn from at most, drawn at random")


class LSTM(_Learnt, Seeded):
    """A recurrent network beside a linear highway."""

    kind: Literal["lstm"] = Field(description="a recurrent network beside a linear highway")
    hidden_dim: int = Field(ge=1, le=1024, description="units")
    dropout: float = Field(ge=0, lt=1, description="share of inputs and units left out")
    ridge_alpha: float = Field(ge=0, description="weight of the squared coefficients")
    windows: int = Field(ge=1, description="origins to learn from at most, drawn at random")
    epochs: int = Field(ge=1, description="most epochs; one cycle of learning rate spans them")
    patience: Patience = Field(description=PATIENCE)
    batch_size: int = Field(ge=1, description="windows a step")
    learning_rate: float = Field(gt=0, description="peak of the one cycle")
    weight_decay: float = Field(ge=0, description="AdamW's decay of the weights")
    ensemble_size: int = Field(
        ge=1, le=20, description="networks trained, whose mean is the forecast"
    )


Forecaster = Annotated[
    Persistence | StructuralPersistence | Ridge | GradientBoosting | LSTM,
    Field(discriminator="kind"),
]


class Imbalance(Section):
    """The imbalance of a power grid, and the forecasters of the next two hours."""

    source: Literal["simulated", "csv"] = Field(
        description="simulated: an area like NO1, made from the seed; csv: data/external/imbalance"
    )
    simulation: Simulation = Field(description="the simulated area")
    resolution: Literal[5, 15] = Field(description="how long a row lasts, in minutes")
    split: Annotated[SplitByFractions | SplitByTimes, Field(discriminator="by")] = Field(
        description="where validation and test begin"
    )
    models: dict[Name, Forecaster] = Field(
        min_length=1, description="the forecasters to train and compare, by name"
    )
    baseline: Name = Field(description="the model that the others are compared with")

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if SERIES in self.models:
            raise ValueError(f"models.{SERIES}: accepted is another name than {SERIES}")
        if self.baseline not in self.models:
            raise ValueError(
                f"baseline = {self.baseline!r}: accepted is one of {', '.join(self.models)}"
            )
        return self
