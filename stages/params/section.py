"""What all sections of params.yaml have in common."""

import re
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

#: A key of params.yaml that becomes part of stage, file and run names.
Name = Annotated[str, StringConstraints(pattern=re.compile(r"^[a-z][a-z0-9_]*$"))]

Seed = Annotated[int, Field(ge=0, lt=2**32)]

#: Epochs without a better validation loss before training stops; None for never.
Patience = Annotated[int, Field(ge=1)] | None
PATIENCE = "epochs without a better validation loss before stopping, or null for never"

#: Larger integers count nothing here and overflow somewhere.
LARGEST_INTEGER = 10**12


class Section(BaseModel):
    """A mapping of params.yaml: every key is required; no other key or type is accepted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _no_absurd_number(self) -> Self:
        for name, value in self:
            if isinstance(value, int) and value > LARGEST_INTEGER:
                raise ValueError(f"{name}: accepted is at most {LARGEST_INTEGER:,}")
        return self

    def as_settings(self, settings: type) -> Any:
        """Return the parameters as a settings dataclass of the library, matched by name.

        Args:
            settings: a dataclass type; parameters that it does not have are left out.

        Returns:
            An instance of `settings`.
        """
        return TypeAdapter(settings).validate_python(self.model_dump())


class Split(Section):
    """Shares of the data for training, selection and the final test."""

    train: float = Field(gt=0, lt=1, description="share that the weights are fitted on")
    validation: float = Field(gt=0, lt=1, description="share for early stopping and selection")
    test: float = Field(gt=0, lt=1, description="share that only the evaluation sees")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the three shares must sum to 1, not {total:g}")
        return self


class Variant(Section):
    """A model to train and compare with the others of its pipeline."""

    def all_seeds(self, seed: int) -> list[int]:
        """Return the seeds of all trainings; the first one yields the variant's primary model.

        Args:
            seed: `seed` of params.yaml.
        """
        return [seed]

    def settings(self) -> dict[str, Any]:
        """Return the parameters that determine a single training, its seed aside."""
        return self.model_dump(exclude={"seeds"})


class Seeded(Variant):
    """A variant whose training is random and may be repeated with further seeds."""

    seeds: (
        Annotated[int, Field(ge=1, le=100)]
        | Annotated[list[Seed], Field(min_length=1, max_length=100)]
    ) = Field(description="trainings, from `seed`, `seed` + 1 and so on; or a list of seeds")

    @model_validator(mode="after")
    def _no_seed_twice(self) -> Self:
        if isinstance(self.seeds, list) and len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds {self.seeds}: accepted are seeds that differ")
        return self

    def all_seeds(self, seed: int) -> list[int]:
        """Return `seed` and its successors, or the seeds that the file lists."""
        return self.seeds if isinstance(self.seeds, list) else list(range(seed, seed + self.seeds))
