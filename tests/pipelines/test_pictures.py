"""Shared pictures show what they were given, and are saved alike every time."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from pipelines.pictures import (
    STYLE,
    confusion_matrix,
    loss_curves,
    save_picture,
    styled_figure,
)


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


def test_every_split_with_a_loss_has_its_curve(history):
    (panel,) = loss_curves(history, "Training").axes
    drawn = curves(panel)
    for split in ("train", "validation", "test"):
        assert drawn[split] == history[["epoch", f"{split}/loss"]].to_numpy().tolist()


def test_the_epoch_of_the_lowest_validation_loss_is_marked(history):
    figure = loss_curves(history, "Training")
    assert [x for x, _ in curves(figure.axes[0])["best epoch: 3"]] == [3, 3]
    assert "best epoch: 3" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_without_validation_no_epoch_is_called_best(history):
    figure = loss_curves(history.drop(columns="validation/loss"), "Training")
    assert set(curves(figure.axes[0])) == {"train", "test"}


def test_recorded_accuracy_has_a_panel_of_its_own(history):
    history["test/accuracy"] = [0.3, 0.5, 0.8, 0.7]
    loss, accuracy = loss_curves(history, "Training").axes
    assert loss.get_title(loc="left") == "Loss"
    assert accuracy.get_title(loc="left") == "Accuracy"
    assert curves(accuracy)["test"] == history[["epoch", "test/accuracy"]].to_numpy().tolist()


def test_missing_and_infinite_losses_are_left_out(history):
    history["train/loss"] = [np.inf, np.nan, 0.3, 0.2]
    (panel,) = loss_curves(history, "Training").axes
    assert curves(panel)["train"] == [[3, 0.3], [4, 0.2]]


def test_a_network_that_diverged_at_once_still_has_a_picture(history):
    history[["train/loss", "validation/loss", "test/loss"]] = np.nan
    (panel,) = loss_curves(history, "Training").axes
    assert curves(panel) == {"train": [], "validation": [], "test": []}


def test_the_loss_is_logarithmic_only_over_more_than_two_orders_of_magnitude(history):
    history.loc[0, "train/loss"] = 19.0
    assert loss_curves(history, "Training").axes[0].get_yscale() == "linear"
    history.loc[0, "train/loss"] = 21.0
    assert loss_curves(history, "Training").axes[0].get_yscale() == "log"


def test_a_history_without_losses_is_refused():
    with pytest.raises(ValueError, match="history must have columns 'epoch' and '<split>/loss'"):
        loss_curves(pd.DataFrame({"epoch": [1], "loss": [0.5]}), "Training")


def test_cells_of_the_confusion_matrix_stand_at_true_row_and_predicted_column():
    matrix = np.array([[1_000, 2], [3, 0]])
    axes = confusion_matrix(matrix, ("no", "yes"), "Confusion").axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "1,000", (1, 0): "2", (0, 1): "3", (1, 1): "0"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


def test_cells_are_shaded_by_their_share_of_the_true_class_even_if_it_is_absent():
    axes = confusion_matrix(np.array([[3, 1], [0, 0]]), ("no", "yes"), "Confusion").axes[0]
    assert axes.images[0].get_array().tolist() == [[0.75, 0.25], [0, 0]]


def test_a_confusion_matrix_that_does_not_fit_its_classes_is_refused():
    with pytest.raises(ValueError, match=r"matrix must have shape \(3, 3\), got \(2, 2\)"):
        confusion_matrix(np.eye(2, dtype=int), ("a", "b", "c"), "Confusion")


def test_pictures_leave_the_settings_of_matplotlib_as_they_were(history):
    before = {name: matplotlib.rcParams[name] for name in STYLE}
    loss_curves(history, "Training")
    assert before == {name: matplotlib.rcParams[name] for name in STYLE}
    assert before != STYLE


def test_a_styled_figure_has_the_house_style_outside_its_block_too():
    with styled_figure(4, 3, "Title") as figure:
        axes = figure.subplots()
    assert figure.get_suptitle() == "Title"
    assert not axes.spines["top"].get_visible()
    assert axes.xaxis.get_major_ticks()[0].label1.get_color() == STYLE["xtick.labelcolor"]


def test_the_same_picture_is_saved_as_the_same_bytes_without_metadata(history, tmp_path):
    for name in ("one.png", "two.png"):
        save_picture(loss_curves(history, "Training"), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as image:
        assert "Software" not in image.info
        assert "Creation Time" not in image.info


def test_a_picture_has_the_resolution_of_the_house_whatever_the_figure_says(tmp_path):
    save_picture(Figure(figsize=(2, 1), dpi=30), tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as image:
        assert image.size == (2 * STYLE["savefig.dpi"], STYLE["savefig.dpi"])
