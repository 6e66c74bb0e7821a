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
        description="device on which PyTorch trains; DVC does not track it, so a change reruns "
        "no stage"
    )
    figures: Figures = Field(description="figures pipeline: image data sets and classifiers")
    digits: Digits = Field(description="digits pipeline: MNIST, verifier and autoencoders")
    imbalance: Imbalance = Field(description="imbalance pipeline: time series and forecasters")
