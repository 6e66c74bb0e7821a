"""Geometric figures, and a neural network written in NumPy that classifies them."""

from typing import TYPE_CHECKING, Any

from pipelines.figures.data.drawing import CLASSES, draw_figures, split_indices

if TYPE_CHECKING:
    from pipelines.figures.classifier import NetworkClassifier

__all__ = ["CLASSES", "NetworkClassifier", "draw_figures", "split_indices"]


def __getattr__(name: str) -> Any:
    """Import the classifier on first access, because importing scikit-learn is slow."""
    if name == "NetworkClassifier":
        from pipelines.figures.classifier import NetworkClassifier

        return NetworkClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
