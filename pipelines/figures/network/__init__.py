"""A feed-forward network in NumPy. The subpackage `plan` makes its formulas fast."""

from pipelines.figures.network.layers import Activation, Conv2d, Dense, Dropout, Layer, MaxPool2d
from pipelines.figures.network.network import Network

__all__ = ["Activation", "Conv2d", "Dense", "Dropout", "Layer", "MaxPool2d", "Network"]
