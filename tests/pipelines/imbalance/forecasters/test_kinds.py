"""Every kind of forecaster can be fitted, saved and loaded through `KINDS`."""

import json
import subprocess
import sys
import time
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.forecasters.lstm_ensemble import join_histories
from pipelines.imbalance.forecasters.lstm_training import train_lstm
from pipelines.imbalance.forecasters.skops_file import make_reproducible
from pipelines.seeds import derive_seed

LOSSES = ["train/loss", "validation/loss"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_forecaster_of_every_kind_is_loaded_unchanged(
    kind, fitted, features, origins, tmp_path
):
    forecasters, history = fitted[kind].forecasters, fitted[kind].history
    assert (len(forecasters), len(history)) == ((2, 2) if kind == "lstm" else (1, 0))
    assert list(history)[:3] == ["epoch", *LOSSES]
    for number, forecaster in enumerate(forecasters):
        folder = tmp_path / str(number)
        folder.mkdir()
        forecaster.save(folder)
        forecast = KINDS[kind].load(folder).forecast(features, origins.test)
        assert forecast.tobytes() == forecaster.forecast(features, origins.test).tobytes()


@pytest.mark.parametrize("kind", ["ridge", "gradient_boosting", "lstm"])
def test_damaged_files_are_refused_in_one_line(kind, fitted, tmp_path):
    fitted[kind].forecasters[0].save(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        for damage in (b"", whole[: len(whole) // 2]):
            path.write_bytes(damage)
            with pytest.raises(ValueError, match=r"not a saved .*: ") as caught:
                KINDS[kind].load(tmp_path)
            assert "\n" not in str(caught.value)
        path.unlink()
        with pytest.raises(FileNotFoundError):
            KINDS[kind].load(tmp_path)
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("part", "changes"),
    [("network", {"hidden_dim": 9}), ("network", {"minutes": 15}), ("scales", {"changes": [1.0]})],
)
def test_an_lstm_whose_files_do_not_fit_together_is_refused(fitted, tmp_path, part, changes):
    fitted["lstm"].forecasters[0].save(tmp_path)
    path = tmp_path / "lstm.json"
    configuration = json.loads(path.read_text())
    configuration[part] |= changes
    path.write_text(json.dumps(configuration))
    with pytest.raises(ValueError, match="not a saved LSTM"):
        KINDS["lstm"].load(tmp_path)


def test_a_file_of_other_types_than_trees_is_refused(tmp_path):
    foreign = make_pipeline(FunctionTransformer(np.save))
    skops.io.dump(foreign, tmp_path / "gradient_boosting.skops")
    with pytest.raises(ValueError, match="not a saved gradient boosting"):
        KINDS["gradient_boosting"].load(tmp_path)


def test_skops_files_become_reproducible_and_keep_their_model(tmp_path, monkeypatch):
    models, files = [], [tmp_path / name for name in ("first", "second")]
    for year, file in enumerate(files, start=2001):
        moment = time.struct_time((year, 1, 1, 0, 0, 0, 0, 1, 0))
        monkeypatch.setattr(time, "localtime", lambda *_, moment=moment: moment)
        # keeping the models alive gives them different addresses, after which skops names entries
        models.append(Ridge().fit(np.arange(6.0).reshape(3, 2), [1.0, 2.0, 4.0]))
        skops.io.dump(models[-1], file)
    assert files[0].read_bytes() != files[1].read_bytes()
    for file in files:
        make_reproducible(file)
        np.testing.assert_array_equal(skops.io.load(file).coef_, models[0].coef_)
    assert files[0].read_bytes() == files[1].read_bytes()
    with zipfile.ZipFile(files[0], "a") as opened:
        opened.writestr("stray.npy", b"")
    with pytest.raises(ValueError, match=r"stray\.npy: not named"):
        make_reproducible(files[0])


def test_each_network_of_an_ensemble_has_its_own_seed_and_history(
    settings, features, origins, tmp_path
):
    log, small = [], settings["lstm"]
    options = {"checkpoint_folder": tmp_path, "on_epoch": lambda *row: log.append(row)}
    fitted = KINDS["lstm"].fit(features, origins, small, seed=3, device="cpu", **options)
    seed = derive_seed(3, "network 2")
    second, result = train_lstm(
        features, origins.training, origins.validation, small, seed=seed, device="cpu"
    )
    np.testing.assert_array_equal(
        fitted.forecasters[1].forecast(features, origins.test),
        second.forecast(features, origins.test),
    )
    losses = [row["validation/loss"] for row in result.history]
    assert fitted.history["network_2/validation/loss"].tolist() == losses
    assert [row["network_2/validation/loss"] for _, row in log[2:]] == losses
    assert [epoch for epoch, _ in log] == [1, 2, 1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]


def test_a_network_that_stopped_early_leaves_the_mean_undefined():
    histories = [
        pd.DataFrame({"epoch": [1, 2], "train/loss": [4.0, 2.0], "validation/loss": [3.0, 1.0]}),
        pd.DataFrame({"epoch": [1], "train/loss": [2.0], "validation/loss": [5.0]}),
    ]
    joined = join_histories(histories)
    assert joined["train/loss"].tolist()[0] == 3
    assert joined["validation/loss"].isna().tolist() == [False, True]
    assert joined["network_1/validation/loss"].tolist() == [3, 1]
    assert joined["epoch"].tolist() == [1, 2]


def test_kinds_without_a_network_need_no_torch():
    code = "import sys; import pipelines.imbalance.forecasters.trained_forecaster; "
    code += "assert not {'torch', 'lightning', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
