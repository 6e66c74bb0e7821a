"""Shared plots show the data that they are given, and are saved as the same bytes."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from pipelines.pictures import STYLE, confusion_matrix, loss_curves, save_picture, styled_figure


@pytest.fixture
def history():
    return pd.DataFrame(
        {
            "epoch": [1, 2, 3, 4],
            "train/loss": [1.0, 0.6, 0.3, 0.2],
            "validation/loss": [1.1, 0.7, 0.5, 0.6],
            "test/loss": [1.2, 0.8, 0.6, 0.7],
        }
    )


def curves(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def test_losses_and_accuracies_have_a_curve_for_each_split_with_the_best_epoch(history):
    figure = loss_curves(history.assign(**{"test/accuracy": [0.3, 0.5, 0.8, 0.7]}), "Training")
    loss, accuracy = figure.axes
    assert [axes.get_ylabel() for axes in (loss, accuracy)] == ["loss", "accuracy"]
    for split in ("train", "validation", "test"):
        assert curves(loss)[split] == history[["epoch", f"{split}/loss"]].to_numpy().tolist()
    assert curves(accuracy)["test"] == [[1, 0.3], [2, 0.5], [3, 0.8], [4, 0.7]]
    best = "lowest validation loss: epoch 3"
    assert [x for x, _ in curves(loss)[best]] == [3, 3]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["train", "validation", "test", best]
    (alone,) = loss_curves(history.drop(columns="validation/loss"), "Training").axes
    assert set(curves(alone)) == {"train", "test"}, "without validation no epoch is the best"


def test_the_legend_has_every_split_of_any_panel_and_the_loss_its_unit(history):
    history = history[["epoch", "train/loss"]].assign(**{"test/accuracy": [0.3, 0.5, 0.8, 0.7]})
    figure = loss_curves(history, "Training", loss="cross-entropy (nats)")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["train", "test"]
    assert figure.axes[0].get_ylabel() == "cross-entropy (nats)"


def test_missing_and_infinite_losses_are_left_out(history):
    history["train/loss"] = [np.inf, np.nan, 0.3, 0.2]
    (panel,) = loss_curves(history, "Training").axes
    assert curves(panel)["train"] == [[3, 0.3], [4, 0.2]]
    history[["train/loss", "validation/loss", "test/loss"]] = np.nan
    (panel,) = loss_curves(history, "Training").axes
    assert curves(panel) == {"train": [], "validation": [], "test": []}


@pytest.mark.parametrize(("highest", "scale"), [(19.0, "linear"), (21.0, "log")])
def test_the_loss_is_logarithmic_only_over_two_orders_of_magnitude(history, highest, scale):
    history.loc[0, "train/loss"] = highest
    assert loss_curves(history, "Training").axes[0].get_yscale() == scale


def test_a_confusion_matrix_has_true_rows_shaded_by_their_share_and_predicted_columns():
    matrix = np.array([[3_000, 1_000], [0, 0]])
    axes = confusion_matrix(matrix, ("no", "yes"), "Confusion").axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "3,000", (1, 0): "1,000", (0, 1): "0", (1, 1): "0"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert axes.images[0].get_array().tolist() == [[0.75, 0.25], [0, 0]]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda: loss_curves(pd.DataFrame({"epoch": [1], "loss": [0.5]}), "Training"),
            "history must have columns 'epoch' and '<split>/loss'",
        ),
        (
            lambda: confusion_matrix(np.eye(2, dtype=int), ("a", "b", "c"), "Confusion"),
            r"matrix must have shape \(3, 3\), got \(2, 2\)",
        ),
    ],
)
def test_data_that_do_not_fit_are_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_a_styled_figure_keeps_the_style_and_matplotlib_its_own_settings():
    before = {name: matplotlib.rcParams[name] for name in STYLE}
    with styled_figure(4, 3, "Title") as figure:
        axes = figure.subplots()
    assert before == {name: matplotlib.rcParams[name] for name in STYLE} != STYLE
    assert figure.get_suptitle() == "Title"
    assert not axes.spines["top"].get_visible()
    assert axes.xaxis.get_major_ticks()[0].label1.get_color() == STYLE["xtick.labelcolor"]


def test_a_picture_is_saved_as_the_same_bytes_without_metadata_at_the_resolution_of_the_style(
    history, tmp_path
):
    for name in ("one.png", "two.png"):
        save_picture(loss_curves(history, "Training"), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as image:
        assert not {"Software", "Creation Time"} & set(image.info)
    save_picture(Figure(figsize=(2, 1), dpi=30), tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as image:
        assert image.size == (2 * STYLE["savefig.dpi"], STYLE["savefig.dpi"])
