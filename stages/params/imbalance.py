"""Schema of the `imbalance` section of params.yaml."""

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
    Split,
    Variant,
)

#: Name of the folder of results that describe the series. No model may have this name.
SERIES = "series"
TIME = {"format": "date-time"}


class Simulation(Section):
    """Simulation of the series."""

    start: str = Field(
        description="time of the first row in UTC, a multiple of five minutes, in quotation marks",
        json_schema_extra=TIME,
    )
    days: int = Field(ge=20, le=3660, description="length of the series, in days")


class SplitByFractions(Split):
    """Consecutive splits by fractions of the time span."""

    by: Literal["fractions"] = Field(description="consecutive splits by fractions of the time span")


class SplitByTimes(Section):
    """Consecutive splits at two given times."""

    by: Literal["times"] = Field(description="consecutive splits at two given times")
    validation_start: str = Field(
        description="start of the validation split in UTC, in quotation marks",
        json_schema_extra=TIME,
    )
    test_start: str = Field(
        description="start of the test split in UTC, in quotation marks", json_schema_extra=TIME
    )


Target = Literal["y", "residual"]
TARGET = "training target: y, the imbalance, or residual, the imbalance minus its structural part"
_WINDOWS = "maximum number of training windows, drawn at random"


class _Rule(Variant):
    """A forecaster without parameters."""

    @property
    def residual(self) -> bool:
        """Whether the target is the residual imbalance."""
        return False


class _Trained(Variant):
    """A forecaster that is fitted to a target."""

    target: Target = Field(description=TARGET)

    @property
    def residual(self) -> bool:
        """Whether the target is the residual imbalance."""
        return self.target == "residual"


class Persistence(_Rule):
    """Forecast the last known imbalance for every step."""

    kind: Literal["persistence"] = Field(description="last known imbalance at every step")


class StructuralPersistence(_Rule):
    """Forecast the last known imbalance plus the change of the structural imbalance."""

    kind: Literal["structural_persistence"] = Field(
        description="last known imbalance plus the change of the structural imbalance"
    )


class Ridge(_Trained):
    """A ridge regression for each step of the horizon."""

    kind: Literal["ridge"] = Field(description="ridge regression for each step of the horizon")
    alpha: float = Field(ge=0, description="L2 regularization strength")


class GradientBoosting(_Trained, Seeded):
    """One model of gradient-boosted trees for all steps of the horizon."""

    kind: Literal["gradient_boosting"] = Field(
        description="gradient-boosted trees, one model for all steps of the horizon"
    )
    max_iter: int = Field(ge=1, le=10_000, description="number of trees")
    learning_rate: float = Field(gt=0, description="learning rate (shrinkage)")
    max_leaf_nodes: int = Field(ge=2, le=1000, description="maximum number of leaves per tree")
    min_samples_leaf: int = Field(ge=1, description="minimum number of forecast steps per leaf")
    max_features: float = Field(
        gt=0, le=1, description="fraction of the features that each split of a tree considers"
    )
    windows: int = Field(ge=1, description=_WINDOWS)


class LSTM(_Trained, Seeded):
    """An ensemble of LSTMs, each with a linear highway."""

    kind: Literal["lstm"] = Field(description="ensemble of LSTMs, each with a linear highway")
    hidden_dim: int = Field(ge=1, le=1024, description="number of hidden units")
    dropout: float = Field(ge=0, lt=1, description="dropout probability of inputs and hidden units")
    ridge_alpha: float = Field(
        ge=0,
        description="L2 regularization strength of the linear highway",
    )
    windows: int = Field(ge=1, description=_WINDOWS)
    epochs: int = Field(ge=1, description=EPOCHS)
    patience: Patience = Field(description=PATIENCE)
    batch_size: int = Field(ge=1, description="number of windows per batch")
    learning_rate: float = Field(gt=0, description=LEARNING_RATE)
    weight_decay: float = Field(ge=0, description=WEIGHT_DECAY)
    ensemble_size: int = Field(
        ge=1, le=20, description="number of networks, whose mean is the forecast"
    )


Forecaster = Annotated[
    Persistence | StructuralPersistence | Ridge | GradientBoosting | LSTM,
    Field(discriminator="kind"),
]


class Imbalance(Section):
    """Imbalance of a power grid and forecasters for the next two hours."""

    source: Literal["simulated", "csv"] = Field(
        description="data source: simulated, an area like NO1, or csv, the files in "
        "data/external/imbalance"
    )
    simulation: Simulation = Field(description="simulation for the source simulated")
    resolution: Literal[5, 15] = Field(description="time step of the series, in minutes")
    split: Annotated[SplitByFractions | SplitByTimes, Field(discriminator="by")] = Field(
        description="split into training, validation and test by time"
    )
    models: dict[Name, Forecaster] = Field(
        min_length=1, description="forecasters to train and compare, by name"
    )
    baseline: Name = Field(
        description="model against which the others are tested for significance, a key of "
        "`imbalance.models`"
    )

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if SERIES in self.models:
            raise ValueError(f"models.{SERIES}: must have another name; {SERIES} is reserved")
        if self.baseline not in self.models:
            raise ValueError(
                f"baseline = {self.baseline!r}: must be one of {', '.join(self.models)}"
            )
        return self
