"""Four geometric figures, drawn and told apart by a neural network from scratch."""

from typing import TYPE_CHECKING, Any

from pipelines.figures.data.drawing import CLASSES, draw_figures, split_indices

if TYPE_CHECKING:
    from pipelines.figures.classifier import NetworkClassifier

__all__ = ["CLASSES", "NetworkClassifier", "draw_figures", "split_indices"]


def __getattr__(name: str) -> Any:
    """Import the classifier when it is asked for: scikit-learn takes longer than drawing."""
    if name == "NetworkClassifier":
        from pipelines.figures.classifier import NetworkClassifier

        return NetworkClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
