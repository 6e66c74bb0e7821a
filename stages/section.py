"""What every section of params.yaml has in common."""

import re
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

#: A key of params.yaml that becomes part of stage, file and run names.
Name = Annotated[str, StringConstraints(pattern=re.compile(r"^[a-z][a-z0-9_]*$"))]

Seed = Annotated[int, Field(ge=0, lt=2**32)]

#: More than anything can count here; what is larger ends in an overflow somewhere.
LARGEST_INTEGER = 10**12


class Section(BaseModel):
    """A mapping of params.yaml: every key is required, no other key and no other type accepted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _no_absurd_number(self) -> Self:
        for name, value in self:
            if isinstance(value, int) and value > LARGEST_INTEGER:
                raise ValueError(f"{name}: accepted is at most {LARGEST_INTEGER:,}")
        return self


class Split(Section):
    """Shares of the data for training, choosing and the final test."""

    train: float = Field(gt=0, lt=1, description="share that the weights are fitted on")
    validation: float = Field(gt=0, lt=1, description="share for early stopping and choices")
    test: float = Field(gt=0, lt=1, description="share that only the evaluation sees")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the three shares must sum to 1, not {total:g}")
        return self


class Trained(Section):
    """A variant."""

    def all_seeds(self, seed: int) -> list[int]:
        """List the seeds of all its trainings; the first is that of the variant's own model.

        Args:
            seed: `seed` of params.yaml.
        """
        return [seed]

    def settings(self) -> dict[str, Any]:
        """Return what determines a single training, its seed aside."""
        return self.model_dump(exclude={"seeds"})


class Repeated(Trained):
    """A variant whose training draws at random, and may be repeated."""

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
        """List `seed` and those that follow it, or what the file lists."""
        return self.seeds if isinstance(self.seeds, list) else list(range(seed, seed + self.seeds))
