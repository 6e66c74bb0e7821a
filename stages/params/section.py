"""Base classes and types shared by all sections of params.yaml."""

import re
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

#: A key of params.yaml that becomes part of stage, file and run names.
Name = Annotated[str, StringConstraints(pattern=re.compile(r"^[a-z][a-z0-9_]*$"))]

Seed = Annotated[int, Field(ge=0, lt=2**32)]

#: Early stopping; None disables it.
Patience = Annotated[int, Field(ge=1)] | None

EPOCHS = "maximum number of epochs; the one-cycle learning rate schedule spans all of them"
LEARNING_RATE = "peak learning rate of the one-cycle schedule"
WEIGHT_DECAY = "weight decay coefficient of AdamW"
PATIENCE = "early stopping: number of epochs without a lower validation loss; null disables it"

#: No parameter needs a larger integer, and larger ones overflow in some library.
LARGEST_INTEGER = 10**12


class Section(BaseModel):
    """A mapping of params.yaml. Every key is required; other keys and types are rejected."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _check_integers(self) -> Self:
        for name, value in self:
            if isinstance(value, int) and value > LARGEST_INTEGER:
                raise ValueError(f"{name}: must be at most {LARGEST_INTEGER:,}")
        return self

    def as_settings(self, settings: type) -> Any:
        """Convert the parameters to a settings dataclass of the library, matched by name.

        Args:
            settings: A dataclass type. Parameters that it does not have are left out.

        Returns:
            An instance of `settings`.
        """
        return TypeAdapter(settings).validate_python(self.model_dump())


class Split(Section):
    """Fractions of the training, validation and test splits."""

    train: float = Field(gt=0, lt=1, description="fraction of the data for training")
    validation: float = Field(
        gt=0, lt=1, description="fraction of the data for validation and early stopping"
    )
    test: float = Field(gt=0, lt=1, description="fraction of the data for the final evaluation")

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the three fractions must sum to 1, not {total:g}")
        return self


class Variant(Section):
    """A model to train and compare with the others of its pipeline."""

    def all_seeds(self, seed: int) -> list[int]:
        """Return the seeds of all training runs. The first one yields the primary model.

        Args:
            seed: The top-level `seed` of params.yaml.
        """
        return [seed]

    def settings(self) -> dict[str, Any]:
        """Return the parameters that determine one training run, except its seed."""
        return self.model_dump(exclude={"seeds"})


class Seeded(Variant):
    """A variant that can be trained with several seeds."""

    seeds: (
        Annotated[int, Field(ge=1, le=100)]
        | Annotated[list[Seed], Field(min_length=1, max_length=100)]
    ) = Field(
        description="number n of training runs, with the seeds `seed`, …, `seed` + n - 1; or a "
        "list of seeds"
    )

    @model_validator(mode="after")
    def _check_unique_seeds(self) -> Self:
        if isinstance(self.seeds, list) and len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds {self.seeds}: must be unique")
        return self

    def all_seeds(self, seed: int) -> list[int]:
        """Return `seed` and the integers after it, or the seeds listed in params.yaml."""
        return self.seeds if isinstance(self.seeds, list) else list(range(seed, seed + self.seeds))
