"""Plots of anomaly scores: the most anomalous images, and how well scores separate them."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from pipelines.digits.evaluation.anomaly import detection_scores
from pipelines.digits.plots.generation import CELL, GAP, show_mosaic
from pipelines.pictures import COLOURS, styled_figure

__all__ = ["extreme_images", "score_histograms"]

NORMAL, ANOMALOUS = COLOURS[:2]


def extreme_images(
    images: NDArray[np.uint8],
    reconstructed: NDArray[np.uint8],
    scores: NDArray[np.floating],
    anomalous: NDArray[np.bool_],
    title: str,
    *,
    count: int = 20,
) -> Figure:
    """Draw the most and the least anomalous images, each above its reconstruction.

    True anomalies are framed.

    Args:
        images: [n, 28, 28] or [n, 28, 28, 3].
        reconstructed: Of the same shape.
        scores: Higher = more anomalous, [n].
        anomalous: Whether each image is an anomaly, [n].
        title: Heading of the picture.
        count: Images shown of either end, the most extreme first.

    Raises:
        ValueError: If the arguments are not of as many images.
    """
    lengths = [len(array) for array in (images, reconstructed, scores, anomalous)]
    if len(set(lengths)) > 1 or not len(images):
        raise ValueError(
            f"images, reconstructed, scores, anomalous: lengths {lengths}, equal and positive ones "
            "expected"
        )
    order = np.argsort(-scores, kind="stable")
    ends = {"Most anomalous": order[:count], "Least anomalous": order[::-1][:count]}
    shown = len(ends["Most anomalous"])
    with styled_figure(max(shown * CELL + 1.3, 5), 2 * (2 * CELL + 0.35) + 0.6, title) as figure:
        for axes, (name, chosen) in zip(figure.subplots(2), ends.items(), strict=True):
            show_mosaic(axes, np.stack([images[chosen], reconstructed[chosen]]))
            height, width = images.shape[1] + GAP, images.shape[2] + GAP
            for column in np.flatnonzero(anomalous[chosen]):
                corner = (column * width + GAP / 2 - 0.5, GAP / 2 - 0.5)
                axes.add_patch(
                    Rectangle(
                        corner, width, 2 * height, fill=False, ec=ANOMALOUS, lw=1.6, clip_on=False
                    )
                )
            axes.set_yticks([GAP + 0.5 * height, GAP + 1.5 * height], ["image", "reconstruction"])
            axes.tick_params(axis="y", length=0, labelsize=7)
            anomalies = int(anomalous[chosen].sum())
            axes.set_title(f"{name}: {anomalies} of {shown} are anomalies (framed)", fontsize=9)
    return figure


def score_histograms(
    scores: Mapping[str, NDArray[np.floating]],
    anomalous: NDArray[np.bool_],
    title: str,
) -> Figure:
    """Draw the distribution of each score over normal and over anomalous images.

    Args:
        scores: By name; higher = more anomalous, [n] each. A few in ten thousand at either end may
            lie outside the picture.
        anomalous: Whether each image is an anomaly, [n].
        title: Heading of the picture.

    Raises:
        ValueError: If there is no score, or `anomaly.detection_scores` refuses one.
    """
    if not scores:
        raise ValueError("scores: none, at least one expected")
    rows = -(-len(scores) // 3)
    columns = -(-len(scores) // rows)
    with styled_figure(max(3.3 * columns, 6.6), 2.5 * rows + 1, title) as figure:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, (name, values) in zip(panels, scores.items(), strict=False):
            found = detection_scores(values, anomalous)
            bins = np.linspace(*np.quantile(values, [0.0005, 0.9995]), 50)
            for kind, colour, members in (
                ("normal", NORMAL, ~anomalous),
                ("anomalous", ANOMALOUS, anomalous),
            ):
                axes.hist(values[members], bins, density=True, color=colour, alpha=0.6, label=kind)
            axes.set_title(
                f"{name}\nAUROC {found.auroc:.3f}, AP {found.average_precision:.3f}", fontsize=9
            )
            axes.set_yticks([])
            axes.tick_params(axis="x", labelsize=8)
            axes.spines["left"].set_visible(False)
        for axes in panels[len(scores) :]:
            axes.set_visible(False)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(
            handles,
            labels,
            loc="outside lower center",
            ncols=2,
            title="the further right, the more anomalous",
            title_fontsize=9,
        )
    return figure
