"""A feed-forward neural network from scratch: NumPy arrays, and BLAS for the products."""

from pipelines.figures.network.network import Network
from pipelines.figures.network.optimizers import adam, gradient_descent
from pipelines.figures.network.regularization import Penalty
from pipelines.figures.network.training import Examples, evaluate, train

__all__ = ["Examples", "Network", "Penalty", "adam", "evaluate", "gradient_descent", "train"]
