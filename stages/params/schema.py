"""The whole of params.yaml."""

from typing import Literal

from pydantic import Field

from stages.params.digits import Digits
from stages.params.figures import Figures
from stages.params.imbalance import Imbalance
from stages.params.section import Section


class Params(Section):
    """Everything that a user can change."""

    seed: int = Field(
        ge=0, lt=2**32, description="the one seed from which every stage derives its own"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        description="where torch trains; not tracked, so changing it reruns nothing"
    )
    figures: Figures = Field(description="generated figures and the network from scratch")
    digits: Digits = Field(description="MNIST, the verifier and the autoencoders")
    imbalance: Imbalance = Field(description="forecasters of a power grid's imbalance")
