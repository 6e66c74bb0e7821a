"""The notebooks run as scripts on small data, and their pictures are kept."""

import re

import numpy as np
import pytest
from matplotlib.image import imread

from notebooks import pictures
from notebooks.pictures import FOLDER, NOTEBOOKS, notebook_pictures, run_notebook

LARGEST_PICTURE = 250_000  # bytes


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """Run each notebook once, in a folder without data, where digits are scikit-learn's."""
    finished = {}

    def variables(name):
        if name not in finished:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(tmp_path_factory.mktemp(name))
                finished[name] = run_notebook(name)
        return finished[name]

    return variables


def text_of(name):
    return (FOLDER.parents[1] / "notebooks" / f"{name}.py").read_text()


def kept_pictures(name):
    return sorted(file.name for file in FOLDER.glob(f"notebook_{name}_*.png"))


def test_every_script_in_the_folder_is_a_notebook_or_draws_their_pictures():
    scripts = {file.stem for file in (FOLDER.parents[1] / "notebooks").glob("*.py")}
    assert scripts == {*NOTEBOOKS, "pictures"}


def test_the_network_learns_the_figures_with_the_gradient_of_its_loss(notebook):
    variables = notebook("figures")
    assert max(variables["differences"]) < 1e-7
    losses = variables["history"]["test/loss"]
    assert abs(losses.iloc[0] - np.log(4)) < 0.1
    assert losses.iloc[-1] < losses.iloc[0] / 4
    assert variables["history"]["test/accuracy"].iloc[-1] > 0.9


def test_both_autoencoders_learn_and_the_held_out_digit_is_anomalous(notebook):
    variables = notebook("digits")
    assert len(variables["training_images"]) < 1_500  # the small digits
    for losses in variables["losses"].values():
        assert losses[-1] < losses[0] / 2
    assert all(auroc > 0.75 for auroc in variables["auroc"].values())


def test_a_walk_ends_at_the_latents_of_another_image_and_changes_on_the_way(notebook):
    variables = notebook("digits")
    steps, names = variables["steps"].astype(float), list(variables["ends"])
    assert steps.shape == (len(names), 12, 28, 28)
    length = np.abs(np.diff(steps, axis=1)).mean(axis=(2, 3))
    assert (length > 0.1).all()
    end = variables["vae"].images(variables["ends"][names[0]][1][None], channels=1)[0]
    assert np.abs(end - steps[0, -1]).max() <= 1


def test_generated_digits_differ_from_each_other(notebook):
    generated = notebook("digits")["generated"]
    assert len(np.unique(generated, axis=0)) == len(generated) == 45


def test_forecasts_of_a_day_cover_it_and_use_nothing_from_the_future(notebook):
    variables = notebook("imbalance")
    assert variables["leakage"] == 0
    np.testing.assert_allclose(variables["hours"].ravel(), np.arange(96) / 4)


def test_forecasts_beat_persistence_and_their_intervals_hold(notebook):
    for backtest in notebook("imbalance")["backtests"].values():
        assert backtest.scores.skill > 0.1
        for percent, share in backtest.scores.coverage.items():
            assert abs(100 * share - percent) < 4


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_kept_pictures_are_those_that_a_notebook_draws_in_their_size(name, notebook):
    drawn = notebook_pictures(name, notebook(name))
    assert kept_pictures(name) == sorted(drawn)
    for file, figure in drawn.items():
        height, width = imread(FOLDER / file).shape[:2]
        np.testing.assert_allclose((width, height), 150 * figure.get_size_inches(), atol=1)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_has_two_to_four_pictures_each_small_and_shown_in_its_text(name):
    shown = re.findall(r"^# !\[.+\]\(\.\./docs/pictures/(.+)\)$", text_of(name), re.MULTILINE)
    assert sorted(shown) == kept_pictures(name)
    assert 2 <= len(shown) <= 4
    assert all((FOLDER / file).stat().st_size < LARGEST_PICTURE for file in shown)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_cell_that_draws_a_picture_ends_with_it_so_that_a_notebook_shows_it(name):
    cells = re.split(r"^# %%.*\n", text_of(name), flags=re.MULTILINE)
    ends = [cell.strip().rpartition("\n")[2] for cell in cells]
    variables = [file[len(f"notebook_{name}_") : -len(".png")] for file in kept_pictures(name)]
    assert set(variables) <= set(ends)


def test_drawing_again_writes_the_kept_files(tmp_path, monkeypatch, notebook):
    monkeypatch.setattr(pictures, "FOLDER", tmp_path)
    monkeypatch.setattr(pictures, "run_notebook", notebook)
    pictures.main()
    kept = [file for name in NOTEBOOKS for file in kept_pictures(name)]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(kept)
