"""Plots of anomaly scores: the most anomalous images, and how well scores separate them."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from pipelines.digits.evaluation.anomaly import detection_scores
from pipelines.digits.plots.generation import CELL, GAP, LABELS, show_mosaic
from pipelines.pictures import COLOURS, styled_figure

__all__ = ["extreme_images", "score_histograms"]

NORMAL, ANOMALOUS = COLOURS[:2]


def extreme_images(
    images: NDArray[np.uint8],
    reconstruct: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    scores: NDArray[np.floating],
    anomalous: NDArray[np.bool_],
    title: str,
    *,
    count: int = 8,
) -> Figure:
    """Draw the most and the least anomalous images above their reconstructions and scores.

    True anomalies are framed.

    Args:
        images: [n, 28, 28] or [n, 28, 28, 3].
        reconstruct: Returns reconstructions of images, of the same shape.
        scores: Density-corrected scores, higher = more anomalous, [n].
        anomalous: Whether each image is an anomaly, [n].
        title: Heading of the picture.
        count: Images at either end, the most extreme first.

    Raises:
        ValueError: If the lengths differ or there is no image.
    """
    lengths = [len(array) for array in (images, scores, anomalous)]
    if len(set(lengths)) > 1 or not len(images):
        raise ValueError(
            f"images, scores, anomalous: lengths {lengths}, equal and positive ones expected"
        )
    order = np.argsort(-scores, kind="stable")
    ends = {"Most anomalous": order[:count], "Least anomalous": order[::-1][:count]}
    width = min(count, len(images)) * CELL + LABELS + 0.4
    with styled_figure(max(width, 6), 2 * (2 * CELL + 0.75) + 0.6, title) as figure:
        for axes, (name, chosen) in zip(figure.subplots(2), ends.items(), strict=True):
            show_mosaic(axes, np.stack([images[chosen], reconstruct(images[chosen])]))
            height, width = images.shape[1] + GAP, images.shape[2] + GAP
            axes.set_yticks([GAP + 0.5 * height, GAP + 1.5 * height], ["image", "reconstruction"])
            middles = GAP + (np.arange(len(chosen)) + 0.5) * width
            axes.set_xticks(middles, [f"{score:.1f}".replace("-", "−") for score in scores[chosen]])
            _frame(axes, np.flatnonzero(anomalous[chosen]), width, 2 * height)
            anomalies = int(anomalous[chosen].sum())
            axes.set_title(f"{name}: {anomalies} of {len(chosen)} are anomalies (framed)")
            axes.set_xlabel("density-corrected score")
    return figure


def _frame(axes: Axes, columns: NDArray[np.integer], width: int, height: int) -> None:
    """Draw a frame around columns of a mosaic."""
    for column in columns:
        corner = (column * width + GAP / 2 - 0.5, GAP / 2 - 0.5)
        axes.add_patch(
            Rectangle(corner, width, height, fill=False, ec=ANOMALOUS, lw=2.2, clip_on=False)
        )


def score_histograms(
    scores: Mapping[str, NDArray[np.floating]],
    anomalous: NDArray[np.bool_],
    title: str,
) -> Figure:
    """Draw the distribution of each score over normal and over anomalous images.

    Args:
        scores: Scores by name, [n] each; higher = more anomalous. A few in ten thousand at either
            end may lie outside the picture.
        anomalous: Whether each image is an anomaly, [n].
        title: Heading of the picture.

    Raises:
        ValueError: If there is no score, or `anomaly.detection_scores` refuses one.
    """
    if not scores:
        raise ValueError("scores: none, at least one expected")
    rows = -(-len(scores) // 3)
    columns = -(-len(scores) // rows)
    with styled_figure(max(3.6 * columns, 7.2), 2.6 * rows + 1, title) as figure:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, (name, values) in zip(panels, scores.items(), strict=False):
            detection = detection_scores(values, anomalous)
            bins = np.linspace(*np.quantile(values, [0.0005, 0.9995]), 50)
            for kind, colour, members in (
                ("normal", NORMAL, ~anomalous),
                ("anomalous", ANOMALOUS, anomalous),
            ):
                axes.hist(values[members], bins, density=True, color=colour, alpha=0.6, label=kind)
            axes.set_title(
                f"{name}\nAUROC {detection.auroc:.3f}, AP {detection.average_precision:.3f}"
            )
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
        for axes in panels[len(scores) :]:
            axes.set_visible(False)
        for axes in panels[::columns]:
            axes.set_ylabel("density of images")
        figure.legend(
            *figure.axes[0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=2,
            title="further right = more anomalous",
        )
    return figure
