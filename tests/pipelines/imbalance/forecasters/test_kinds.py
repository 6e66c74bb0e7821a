"""Every kind of forecaster is fitted, saved and loaded through the one table."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.data.splitting import split_by_fractions
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.forecasters.lstm_ensemble import join_histories
from pipelines.imbalance.forecasters.lstm_training import train_lstm
from pipelines.imbalance.simulator.area import simulate_table
from pipelines.seeds import derive_seed

LOSSES = ["train/loss", "validation/loss"]
SMALL = {
    "gradient_boosting": {"trees": 2, "samples_per_leaf": 20, "windows": 50},
    "lstm": {"hidden": 4, "windows": 200, "epochs": 2, "batch_size": 64, "networks": 2},
}


@pytest.fixture(scope="module")
def series():
    """The features of a series and its origins."""
    table = simulate_table("2021-03-01", 288 * 18, np.random.default_rng(2))
    prepared = Prepared.of(split_by_fractions(table, 0.7, 0.15))
    limits = fit_limits(prepared.training_rows["y"].to_numpy())
    features = make_features(table, limits, altered=True)
    return features, split_origins(prepared, features)


def fit(kind, series, **options):
    settings = KINDS[kind].settings(**SMALL.get(kind, {}))
    return KINDS[kind].fit(*series, settings, seed=3, device="cpu", **options)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_loads_what_it_fitted(kind, series, tmp_path):
    features, origins = series
    fitted = fit(kind, series)
    assert len(fitted.forecasters) == SMALL.get(kind, {}).get("networks", 1)
    assert len(fitted.history) == SMALL.get(kind, {}).get("epochs", 0)
    assert ["epoch", *LOSSES] == list(fitted.history)[:3]
    for number, forecaster in enumerate(fitted.forecasters):
        folder = tmp_path / str(number)
        folder.mkdir()
        forecaster.save(folder)
        loaded = KINDS[kind].load(folder)
        np.testing.assert_array_equal(
            loaded.forecast(features, origins.test), forecaster.forecast(features, origins.test)
        )


def test_each_network_of_an_ensemble_has_a_seed_and_an_epoch_log_of_its_own(series, tmp_path):
    features, origins = series
    log = []
    fitted = fit("lstm", series, checkpoint_folder=tmp_path, on_epoch=lambda *row: log.append(row))
    second, result = train_lstm(
        features,
        origins.training,
        origins.validation,
        KINDS["lstm"].settings(**SMALL["lstm"]),
        seed=derive_seed(3, "network 2"),
        device="cpu",
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
