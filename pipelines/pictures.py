"""The house style of pictures, and the pictures that several pipelines share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

__all__ = [
    "COLOURS",
    "FAINT",
    "INK",
    "SMALL",
    "STYLE",
    "confusion_matrix",
    "loss_curves",
    "save_picture",
    "styled_figure",
    "symmetric_scale",
]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's palette, safe for colour-blind readers (jfly.uni-koeln.de/color)."""

INK = "#262626"
"""Colour of data and text."""

FAINT = "#6b6b6b"
"""Colour of axes, reference lines and notes."""

SMALL = 10
"""Font size in points of notes and of labels within a panel; `STYLE` sets all other sizes."""

STYLE = {
    "figure.facecolor": "white",
    "figure.dpi": 150,
    "savefig.facecolor": "white",
    "savefig.dpi": 150,
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.color": INK,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.12,
    "figure.labelsize": 11,
    "figure.titlesize": 14,
    "figure.titleweight": "bold",
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "lines.solid_capstyle": "round",
    "image.interpolation": "nearest",
}
"""Matplotlib settings of every picture. At most 8 inches wide, it is readable at half size."""

SPLIT_COLOURS = dict(zip(("train", "validation", "test"), COLOURS, strict=False))


@contextmanager
def styled_figure(width: float, height: float, title: str) -> Iterator[Figure]:
    """Create a figure in the house style; drawing in the `with` block uses this style.

    Args:
        width: Width in inches.
        height: Height in inches.
        title: Heading of the picture.

    Yields:
        A figure with its heading, whose layout keeps labels from overlapping.

    Example:
        >>> with styled_figure(6, 4, "Three numbers") as figure:
        ...     lines = figure.subplots().plot([1, 2, 3])
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.suptitle(title, x=0.12 / width, ha="left")
        yield figure


def save_picture(figure: Figure, path: Path) -> None:
    """Save a figure as PNG in the resolution of the house style; equal figures give equal bytes.

    Args:
        figure: The figure.
        path: File to write; its folder must exist.
    """
    with rc_context(STYLE):
        figure.savefig(path, format="png", metadata={"Software": None})


def symmetric_scale(values: NDArray[np.floating]) -> CenteredNorm:
    """Return a colour scale about zero that reaches the largest finite magnitude of the values."""
    largest = np.abs(values[np.isfinite(values)]).max(initial=0)
    return CenteredNorm(halfrange=float(largest) or 1.0)


def loss_curves(history: pd.DataFrame, title: str, *, loss: str = "loss") -> Figure:
    """Draw the loss, and the accuracy where recorded, of each split over the epochs.

    A dotted line marks the epoch of the lowest validation loss. The loss has a logarithmic scale
    where it spans more than two orders of magnitude.

    Args:
        history: One row per epoch: column "epoch" and any of "train/loss", "validation/loss",
            "test/loss", "train/accuracy", "validation/accuracy", "test/accuracy"; missing values
            are left out.
        title: Heading of the picture.
        loss: Name of the loss with its unit.

    Returns:
        The figure, with one or two panels.

    Raises:
        ValueError: If the epoch or every loss is missing.
    """
    if "epoch" not in history or not any(f"{split}/loss" in history for split in SPLIT_COLOURS):
        raise ValueError(
            "history must have columns 'epoch' and '<split>/loss' for a split of"
            f" {', '.join(SPLIT_COLOURS)}, got {list(history.columns)}"
        )
    labels = {"loss": loss, "accuracy": "accuracy"}
    measures = [
        measure
        for measure in labels
        if any(f"{split}/{measure}" in history for split in SPLIT_COLOURS)
    ]
    with styled_figure(8 if len(measures) > 1 else 6.5, 4.2, title) as figure:
        panels = figure.subplots(1, len(measures), squeeze=False)[0]
        handles = {}
        for axes, measure in zip(panels, measures, strict=True):
            draw_curves(axes, history, measure)
            mark_best_epoch(axes, history)
            axes.set(xlabel="epoch", ylabel=labels[measure])
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            if measure == "accuracy":
                axes.yaxis.set_major_formatter(PercentFormatter(1))
            handles |= {line.get_label(): line for line in axes.get_lines()}
        # One legend of all panels, in columns that fit the width.
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=2)
    return figure


def confusion_matrix(matrix: NDArray[np.integer], class_names: Sequence[str], title: str) -> Figure:
    """Draw counts of true against predicted classes, coloured by their share of the true class.

    Args:
        matrix: Number of examples `[true class, predicted class]`.
        class_names: Name of every class.
        title: Heading of the picture.

    Returns:
        The figure.

    Raises:
        ValueError: If the matrix is not square with a row for every class.
    """
    classes = len(class_names)
    if matrix.shape != (classes, classes):
        raise ValueError(f"matrix must have shape {(classes, classes)}, got {matrix.shape}")
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    correct, total = int(np.trace(matrix)), int(matrix.sum())
    side = max(3.8, 0.58 * classes)
    with styled_figure(side + 2.2, side + 1.3, title) as figure:
        axes = figure.subplots()
        # The square root makes a few mistakes among many examples visible.
        image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1))
        for (true, predicted), count in np.ndenumerate(matrix):
            share = shares[true, predicted]
            colour = "white" if share > 0.35 else INK if count else FAINT
            axes.text(predicted, true, f"{count:,}", ha="center", va="center", color=colour)
        axes.set_xticks(range(classes), class_names)
        axes.set_yticks(range(classes), class_names)
        axes.set(xlabel="predicted class", ylabel="true class")
        axes.set_title(
            f"{correct:,} of {total:,} correct ({correct / max(total, 1):.2%})", fontweight="normal"
        )
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        bar = figure.colorbar(image, shrink=0.8, ticks=[0, 0.01, 0.1, 0.25, 0.5, 1])
        bar.ax.set_yticklabels(["0", "1%", "10%", "25%", "50%", "100%"])
        bar.outline.set_visible(False)
        bar.set_label("share of the true class")
    return figure


def draw_curves(axes: Axes, history: pd.DataFrame, measure: str) -> None:
    """Draw one curve for each recorded split of a measure."""
    # An infinite loss of a diverged network would leave the axis without a scale.
    finite = history.replace([np.inf, -np.inf], np.nan)
    columns = {split: f"{split}/{measure}" for split in SPLIT_COLOURS}
    for split, column in columns.items():
        if column in finite:
            curve = finite[["epoch", column]].dropna()
            marker = "o" if len(curve) < 15 else None
            colour = SPLIT_COLOURS[split]
            axes.plot("epoch", column, data=curve, label=split, color=colour, marker=marker)
    values = finite.filter(columns.values())
    if measure == "loss" and 0 < 100 * values.min(axis=None) < values.max(axis=None):
        axes.set_yscale("log")


def mark_best_epoch(axes: Axes, history: pd.DataFrame) -> None:
    """Draw a line at the epoch of the lowest validation loss, if there is any."""
    if "validation/loss" in history and history["validation/loss"].notna().any():
        best = int(history.loc[history["validation/loss"].idxmin(), "epoch"])
        label = f"lowest validation loss: epoch {best}"
        axes.axvline(best, color=FAINT, linestyle=":", zorder=1, label=label)
