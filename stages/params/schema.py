"""Root section of params.yaml."""

from typing import Literal

from pydantic import Field

from stages.params.digits import Digits
from stages.params.figures import Figures
from stages.params.imbalance import Imbalance
from stages.params.section import Section


class Params(Section):
    """All parameters of the project."""

    seed: int = Field(
        ge=0, lt=2**32, description="random seed from which every stage derives its own"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        description="device on which PyTorch trains; DVC does not track it, so a change reruns no "
        "stage"
    )
    figures: Figures = Field(description="generated figures and the networks from scratch")
    digits: Digits = Field(description="MNIST, the verifier and the autoencoders")
    imbalance: Imbalance = Field(description="imbalance of a power grid and the forecasters")
