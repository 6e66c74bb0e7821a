"""Four geometric figures, drawn and told apart by a neural network from scratch."""

from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.drawing import CLASSES, draw_figures, split_indices

__all__ = ["CLASSES", "NetworkClassifier", "draw_figures", "split_indices"]
