"""What a training leaves behind can be read again, or is refused; further seeds are summed up."""

import errno
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.layout import ROOT
from stages.outputs import dvc_md5, write_outputs
from stages.training import (
    Data,
    Training,
    best_epoch,
    over_seeds,
    read_history,
    read_training,
    train_from,
    training_outputs,
    trainings_of,
)


def training(seed: int = 42) -> Training:
    data = Data("centred", "data/raw/figures/centred.npz", "0a1b", "uint8", (42, 30, 30))
    parameters = {"layers": [{"width": 20, "activation": "relu"}], "regularization": None}
    return Training("abc", seed, parameters, data, {"best/epoch": 2.0})


def written(made: Training, folder: Path) -> None:
    history = pd.DataFrame({"epoch": [1, 2], "validation/loss": [3.0, made.seed]})
    write_outputs(folder, training_outputs(made, history, save_model))


def save_model(folder: Path) -> None:
    (folder / "weights.json").write_text("[1, 2]")


def test_a_training_is_read_as_it_was_written(tmp_path: Path) -> None:
    written(training(), tmp_path)
    assert asdict(read_training(tmp_path)) == asdict(training())


def test_a_training_that_left_nothing_is_no_training(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_training(tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 40, -3])
def test_a_damaged_record_of_a_training_is_refused(tmp_path: Path, keep: int) -> None:
    written(training(), tmp_path)
    file = tmp_path / "run.json"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"run\.json tells of no training"):
        read_training(tmp_path)


@pytest.mark.parametrize("text", ["{}", "[]", '{"fingerprint": "abc"}', "\xff"])
def test_another_files_content_is_no_training(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"run\.json (tells of no training|is not what was saved)"):
        read_training(tmp_path)


def test_data_are_described_by_what_was_read_and_by_dvcs_digest() -> None:
    file = ROOT / "params.yaml"
    found = Data.of("figures", file, np.zeros((5, 2), np.float32))
    assert found == Data("figures", "params.yaml", dvc_md5(file), "float32", (5, 2))


def write_seed(seed: int, place: Path) -> int:
    written(training(seed), place)
    return seed * 10


def test_a_variant_is_trained_from_every_seed_and_the_first_is_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "demo_1"
    assert train_from([7, 3, 11], folder, write_seed) == 70
    places = trainings_of(folder)
    assert list(places) == [7, 3, 11]
    assert places[7] == folder
    assert {seed: read_training(place).seed for seed, place in places.items()} == {
        seed: seed for seed in places
    }


def test_fewer_seeds_leave_no_former_repeats_behind(tmp_path: Path) -> None:
    train_from([7, 8, 9], tmp_path, write_seed)
    train_from([7], tmp_path, write_seed)
    assert trainings_of(tmp_path) == {7: tmp_path}
    assert [path.name for path in (tmp_path / "repeats").iterdir()] == ["seeds.json"]


def test_repeats_are_whole_or_not_there(tmp_path: Path) -> None:
    def fail(seed: int, place: Path) -> None:
        if seed == 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_seed(seed, place)

    train_from([7, 8], tmp_path, write_seed)
    with pytest.raises(OSError, match="No space"):
        train_from([7, 8, 9], tmp_path, fail)
    assert list(trainings_of(tmp_path)) == [7, 8]
    assert not list(tmp_path.glob(".writing-*"))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"seeds": []}', '{"seeds": 3}', '{"seeds": {}}'])
def test_a_list_of_seeds_that_lists_none_is_refused(tmp_path: Path, text: str) -> None:
    train_from([7, 8], tmp_path, write_seed)
    (tmp_path / "repeats" / "seeds.json").write_text(text)
    with pytest.raises(ValueError, match=r"repeats/seeds\.json lists no seeds"):
        trainings_of(tmp_path)


def test_mean_and_deviation_over_seeds_are_numpys() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(40, 2, (5, 2))
    found = over_seeds([{"rmse": row[0], "mae": row[1]} for row in numbers])["seeds"]
    assert found["count"] == 5
    np.testing.assert_allclose(
        [found["mean"]["rmse"], found["mean"]["mae"]], numbers.mean(axis=0), rtol=1e-12
    )
    np.testing.assert_allclose(
        [found["deviation"]["rmse"], found["deviation"]["mae"]],
        numbers.std(axis=0, ddof=1),
        rtol=1e-12,
    )


def test_a_number_that_one_training_lacks_is_not_summed_up() -> None:
    found = over_seeds([{"rmse": 1.0, "nll": 85.0}, {"rmse": 3.0}])["seeds"]
    assert found["mean"] == {"rmse": 2.0}
    assert found["deviation"] == {"rmse": pytest.approx(2**0.5)}


def test_a_single_training_has_no_spread() -> None:
    assert over_seeds([{"rmse": 1.0}]) == {}


def test_the_best_epoch_is_the_one_of_the_lowest_validation_loss() -> None:
    history = pd.DataFrame(
        {"epoch": [1, 2, 3], "validation/loss": [3.0, 1.0, 2.0], "test/loss": [0.0, 9.0, 0.0]}
    )
    assert best_epoch(history) == {"best/epoch": 2.0, "best/validation/loss": 1.0}


def test_a_history_is_read_as_it_was_written_by_epoch(tmp_path: Path) -> None:
    written(training(), tmp_path)
    assert read_history(tmp_path)["validation/loss"].to_dict() == {1: 3.0, 2: 42.0}


@pytest.mark.parametrize("text", ["", "epoch,validation/loss\n1,3.0\n2,42.1\n", '"'])
def test_a_history_that_is_not_the_trainings_own_is_refused(tmp_path: Path, text: str) -> None:
    written(training(), tmp_path)
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(ValueError, match=r"history\.csv is not the one that run\.json tells of"):
        read_history(tmp_path)


def test_a_repeat_in_the_place_of_another_is_refused(tmp_path: Path) -> None:
    train_from([7, 8], tmp_path, write_seed)
    written(training(9), tmp_path / "repeats" / "8")
    with pytest.raises(ValueError, match="lists the seed 8"):
        trainings_of(tmp_path)
