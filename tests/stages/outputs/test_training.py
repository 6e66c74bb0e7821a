"""Training results are read back unchanged, and damaged ones are refused."""

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.outputs.atomic import write_outputs
from stages.outputs.hashes import dvc_md5
from stages.outputs.training import (
    SEEDS,
    Data,
    Training,
    best_epoch,
    over_seeds,
    read_history,
    read_training,
    seeds_writer,
    training_folders,
    training_outputs,
)
from stages.paths import ROOT

DATA = Data("centred", "data/raw/figures/centred.npz", "0a1b", "uint8", (42, 30, 30))
HISTORY = pd.DataFrame(
    {"epoch": [1, 2, 3], "validation/loss": [3.0, 1.0, 2.0], "test/loss": [0.0, 9.0, 0.0]}
)


def training(seed: int) -> Training:
    parameters = {"layers": [{"width": 20, "activation": "relu"}], "regularization": None}
    return Training("abc", seed, parameters, DATA, best_epoch(HISTORY))


def write(folder: Path, seeds: list[int]) -> None:
    first, *further = (
        training_outputs(training(seed), HISTORY, lambda model: (model / "w.npz").touch())
        for seed in seeds
    )
    others = dict(zip(seeds[1:], further, strict=True))
    write_outputs(folder, {**first, SEEDS: seeds_writer(seeds, others)})


def test_trainings_of_all_seeds_are_read_as_they_were_written(tmp_path: Path) -> None:
    write(tmp_path, [7, 3, 11])
    folders = training_folders(tmp_path)
    assert next(iter(folders.items())) == (7, tmp_path)
    for seed, folder in folders.items():
        assert asdict(read_training(folder)) == asdict(training(seed))
        assert read_history(folder)["validation/loss"].to_dict() == {1: 3.0, 2: 1.0, 3: 2.0}
        assert (folder / "model" / "w.npz").exists()
    write(tmp_path, [7])
    assert training_folders(tmp_path) == {7: tmp_path}
    assert [path.name for path in (tmp_path / SEEDS).iterdir()] == ["seeds.json"]


@pytest.mark.parametrize(
    ("read", "name", "damages", "message"),
    [
        (
            read_training,
            "run.json",
            ["", "{", "{}", "[]", "\xff"],
            "run.json does not describe a training run",
        ),
        (
            training_folders,
            "seeds/seeds.json",
            ["", "{}", "[]", '{"seeds": []}', '{"seeds": 3}', '{"seeds": {}}'],
            "seeds/seeds.json does not list seeds",
        ),
        (read_history, "history.csv", ["", '"', "loss\n1\n"], "."),
    ],
)
def test_a_missing_file_and_a_damaged_one_are_refused(
    tmp_path: Path, read: Callable[[Path], Any], name: str, damages: list[str], message: str
) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path)
    write(tmp_path, [7, 8])
    for damage in damages:
        (tmp_path / name).write_text(damage, encoding="latin-1")
        with pytest.raises(ValueError, match=message):
            read(tmp_path)


def test_data_are_described_by_the_array_and_by_the_hash_of_dvc() -> None:
    data = Data.of("figures", ROOT / "params.yaml", np.zeros((5, 2), np.float32))
    digest = dvc_md5(ROOT / "params.yaml")
    assert data == Data("figures", "params.yaml", digest, "float32", (5, 2))


def test_the_best_epoch_has_the_lowest_validation_loss_and_no_test_scores() -> None:
    assert best_epoch(HISTORY) == {"best/epoch": 2.0, "best/validation/loss": 1.0}


def test_mean_and_sample_standard_deviation_are_over_the_seeds_that_all_have_the_metric() -> None:
    statistics = over_seeds([{"rmse": 1.0, "nll": 85.0}, {"rmse": 3.0}])["seeds"]
    assert statistics == {"count": 2, "mean": {"rmse": 2.0}, "std": {"rmse": math.sqrt(2)}}
    assert over_seeds([{"rmse": 1.0}]) == {}
