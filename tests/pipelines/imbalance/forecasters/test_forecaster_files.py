"""Forecasters come back from their files whole, or not at all."""

import json

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from pipelines.imbalance.features.features import Features, make_features
from pipelines.imbalance.features.limits import Limits
from pipelines.imbalance.forecasters.gradient_boosting import (
    BoostingSettings,
    fit_boosting,
    load_boosting,
)
from pipelines.imbalance.forecasters.lstm_forecaster import load_lstm
from pipelines.imbalance.forecasters.lstm_training import train_lstm
from pipelines.imbalance.forecasters.ridge import fit_ridge, load_ridge
from pipelines.imbalance.forecasters.settings import LSTMSettings
from pipelines.imbalance.simulator.area import simulate_table

FEW_TREES = BoostingSettings(trees=5, samples_per_leaf=100, windows=100)
SMALL = LSTMSettings(hidden=8, dropout=0.1, epochs=1, windows=400, batch_size=64)


@pytest.fixture(scope="module")
def features() -> Features:
    table = simulate_table("2021-04-10", 288 * 15, np.random.default_rng(0))
    return make_features(table, Limits(-400.0, 400.0), altered=True)


@pytest.fixture(scope="module")
def forecasters(features):
    """A forecaster of every kind that has files, by the function that loads it."""
    training, validation = features.origins[:1000], features.origins[1024:1300]
    lstm, _ = train_lstm(features, training, validation, SMALL, seed=0, device="cpu")
    return {
        load_ridge: fit_ridge(features, training, penalty=0.2, with_interactions=True),
        load_boosting: fit_boosting(features, training, FEW_TREES, seed=0),
        load_lstm: lstm,
    }


@pytest.fixture
def folders(forecasters, tmp_path):
    """Where each is saved, by the function that loads it."""
    found = {load: tmp_path / load.__name__ for load in forecasters}
    for load, folder in found.items():
        folder.mkdir()
        forecasters[load].save(folder)
    return found


def test_saved_forecasters_come_back_with_the_same_forecasts(features, forecasters, folders):
    test = features.origins[-60:]
    for load, folder in folders.items():
        expected = forecasters[load].forecast(features, test)
        assert load(folder).forecast(features, test).tobytes() == expected.tobytes()


def test_damaged_files_are_refused_in_one_line(folders):
    for load, folder in folders.items():
        for path in sorted(folder.iterdir()):
            whole = path.read_bytes()
            for damage in (b"", whole[: len(whole) // 2]):
                path.write_bytes(damage)
                with pytest.raises(ValueError, match=r"(no|not a) saved .*: ") as caught:
                    load(folder)
                assert "\n" not in str(caught.value)
            path.write_bytes(whole)
        path.unlink()
        with pytest.raises(FileNotFoundError):
            load(folder)


@pytest.mark.parametrize(
    ("part", "changes"),
    [("network", {"hidden": 9}), ("network", {"minutes": 15}), ("scales", {"changes": [1.0]})],
)
def test_an_lstm_whose_files_do_not_belong_together_is_refused(folders, part, changes):
    folder = folders[load_lstm]
    path = folder / "lstm.json"
    configuration = json.loads(path.read_text())
    configuration[part] |= changes
    path.write_text(json.dumps(configuration))
    with pytest.raises(ValueError, match="not a saved LSTM"):
        load_lstm(folder)


def test_a_file_of_other_types_than_trees_is_refused(tmp_path):
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    foreign = make_pipeline(FunctionTransformer(np.save))
    skops.io.dump(foreign, tmp_path / "gradient_boosting.skops")
    with pytest.raises(ValueError, match="no saved gradient boosting"):
        load_boosting(tmp_path)
