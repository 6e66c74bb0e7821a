"""A feed-forward network from scratch: its formulas, and in `plan` what makes them fast."""

from pipelines.figures.network.layers import Activation, Conv2d, Dense, Dropout, Layer, MaxPool2d
from pipelines.figures.network.network import Network

__all__ = ["Activation", "Conv2d", "Dense", "Dropout", "Layer", "MaxPool2d", "Network"]
