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


Target = Literal["y", "altered"]
TARGET = "what is learnt: y, or y without its structural part, which is added back to forecasts"


class _Rule(Variant):
    """A forecaster without parameters."""

    @property
    def altered(self) -> bool:
        """Whether the target is the imbalance without its structural part."""
        return False


class _Learnt(Variant):
    """A forecaster that is fitted to a target."""

    target: Target = Field(description=TARGET)

    @property
    def altered(self) -> bool:
        """Whether the target is the imbalance without its structural part."""
        return self.target == "altered"


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
    penalty: float = Field(ge=0, description="weight of the squared coefficients")


class GradientBoosting(_Learnt, Seeded):
    """Boosted trees for all steps at once."""

    kind: Literal["gradient_boosting"] = Field(description="boosted trees for all steps at once")
    trees: int = Field(ge=1, le=10_000, description="number of trees")
    learning_rate: float = Field(gt=0, description="step size")
    leaves: int = Field(ge=2, le=1000, description="leaves of a tree at most")
    samples_per_leaf: int = Field(ge=1, description="forecast steps in a leaf at least")
    features_per_split: float = Field(
        gt=0, le=1, description="share of the features drawn for every split"
    )
    windows: int = Field(ge=1, description="origins to learn from at most, drawn at random")


class LSTM(_Learnt, Seeded):
    """A recurrent network beside a linear highway."""

    kind: Literal["lstm"] = Field(description="a recurrent network beside a linear highway")
    hidden: int = Field(ge=1, le=1024, description="units")
    dropout: float = Field(ge=0, lt=1, description="share of inputs and units left out")
    penalty: float = Field(ge=0, description="weight of the squared coefficients")
    windows: int = Field(ge=1, description="origins to learn from at most, drawn at random")
    epochs: int = Field(ge=1, description="most epochs; one cycle of learning rate spans them")
    patience: Patience = Field(description=PATIENCE)
    batch_size: int = Field(ge=1, description="windows a step")
    learning_rate: float = Field(gt=0, description="peak of the one cycle")
    weight_decay: float = Field(ge=0, description="AdamW's decay of the weights")
    networks: int = Field(ge=1, le=20, description="networks trained, whose mean is the forecast")


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
    variants: dict[Name, Forecaster] = Field(
        min_length=1, description="the forecasters to train and compare, by name"
    )
    reference: Name = Field(description="the variant that the others are tested against")

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if SERIES in self.variants:
            raise ValueError(f"variants.{SERIES}: accepted is another name than {SERIES}")
        if self.reference not in self.variants:
            raise ValueError(
                f"reference = {self.reference!r}: accepted is one of {', '.join(self.variants)}"
            )
        return self
