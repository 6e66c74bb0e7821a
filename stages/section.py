"""What every section of params.yaml has in common."""

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

#: A key of params.yaml that becomes part of stage, file and run names.
Name = Annotated[str, StringConstraints(pattern=re.compile(r"^[a-z][a-z0-9_]*$"))]


class Section(BaseModel):
    """A mapping of params.yaml: every key is required, no other key and no other type accepted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


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
