"""A trained variant comes back from its files whole, and its backtest is what it should be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from pipelines.checksums import write_checksums
from pipelines.imbalance.evaluation.backtest import run_backtest
from pipelines.imbalance.evaluation.forecast_file import read_losses, write_forecasts
from pipelines.imbalance.evaluation.scores import backtest_scores
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.scaling import fit_scales
from pipelines.imbalance.forecasters.forecast_table import forecast_rows
from pipelines.imbalance.forecasters.gradient_boosting import fit_boosting
from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.forecasters.losses import squared_losses
from pipelines.imbalance.forecasters.lstm import ImbalanceLSTM
from pipelines.imbalance.forecasters.lstm_forecaster import LSTMForecaster
from pipelines.imbalance.forecasters.persistence import Persistence, persistence
from pipelines.imbalance.forecasters.ridge import fit_ridge
from pipelines.imbalance.forecasters.settings import BoostingSettings
from pipelines.imbalance.forecasters.trained_forecaster import (
    hours_ahead,
    load_trained_forecaster,
    with_intervals,
)
from pipelines.imbalance.simulator.area import simulate_table

START, DAYS = pd.Timestamp("2021-03-01"), 18
VALIDATION, TEST = START + pd.Timedelta(days=13), START + pd.Timedelta(days=16)


@pytest.fixture(scope="module")
def table():
    return simulate_table(START, 288 * DAYS, np.random.default_rng(5))


@pytest.fixture(scope="module")
def limits(table):
    return fit_limits(table["y"][:VALIDATION].to_numpy())


@pytest.fixture(scope="module")
def features(table, limits):
    return make_features(table, limits, altered=True)


@pytest.fixture(scope="module")
def origins(features):
    end = START + pd.Timedelta(days=DAYS)
    bounds = [(START, VALIDATION), (VALIDATION, TEST), (TEST, end)]
    return [features.origins_between(*each) for each in bounds]


def forecasters(kind, features, training):
    """Two of a kind that has seeds, one of another."""
    match kind:
        case "ridge":
            return [fit_ridge(features, training, penalty=0.2)]
        case "gradient_boosting":
            settings = BoostingSettings(trees=3, samples_per_leaf=20, windows=50)
            return [fit_boosting(features, training, settings, seed=0)]
        case "lstm":
            highway = fit_ridge(features, training, penalty=0.2, with_interactions=True)
            found = []
            for seed in range(2):
                torch.manual_seed(seed)
                network = ImbalanceLSTM(5, 4)
                torch.nn.init.normal_(network.head.weight, std=0.1)
                network.eval()
                found.append(LSTMForecaster(network, highway, fit_scales(features, training)))
            return found
        case _:
            return [KINDS[kind].load(None)]


@pytest.fixture(
    scope="module",
    params=["persistence", "structural_persistence", "ridge", "gradient_boosting", "lstm"],
)
def trained(request, features, limits, origins):
    training, validation, _ = origins
    found = forecasters(request.param, features, training)
    return with_intervals(request.param, found, limits, features, validation)


def test_a_variant_comes_back_as_it_was_saved(trained, table, origins, tmp_path):
    trained.save(tmp_path)
    found = load_trained_forecaster(tmp_path)
    one, other = (each.features(table) for each in (trained, found))
    np.testing.assert_array_equal(
        found.forecasts(other, origins[2]), trained.forecasts(one, origins[2])
    )
    assert found.limits == trained.limits
    assert found.validation_rmse == trained.validation_rmse
    pairs = [
        (found.calibration, trained.calibration),
        *zip(found.calibrations, trained.calibrations, strict=True),
    ]
    for saved, kept in pairs:
        np.testing.assert_array_equal(saved.quantiles, kept.quantiles)


def test_the_same_variant_gives_the_same_bytes(trained, tmp_path):
    contents = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        trained.save(folder)
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        contents.append({path.relative_to(folder): path.read_bytes() for path in files})
    assert contents[0] == contents[1]


def test_a_backtest_scores_the_mean_of_all_forecasters(trained, features, origins):
    test = origins[2]
    found = run_backtest(trained, features, test)
    mean = np.mean([each.forecast(features, test) for each in trained.forecasters], axis=0)
    np.testing.assert_array_equal(found.forecast, mean)
    np.testing.assert_array_equal(found.truth, features.imbalance[features.ahead(test)])
    np.testing.assert_array_equal(found.persistence, persistence(features, test))
    assert found.scores.rmse == pytest.approx(np.sqrt(np.mean((found.truth - mean) ** 2)))
    metrics = found.to_metrics(288, seed=0)
    assert metrics["rmse_low"] < metrics["rmse"] < metrics["rmse_high"]
    assert metrics == found.to_metrics(288, seed=0)


def test_several_seeds_are_scored_one_by_one_too(features, limits, origins):
    training, validation, test = origins
    pair = forecasters("lstm", features, training)
    trained = with_intervals("lstm", pair, limits, features, validation)
    found = run_backtest(trained, features, test)
    each = [
        run_backtest(with_intervals("lstm", [one], limits, features, validation), features, test)
        for one in pair
    ]
    rmses = [one.scores.rmse for one in each]
    assert rmses[0] != rmses[1]
    metrics = found.seed_metrics()
    assert metrics["rmse"] == pytest.approx(np.mean(rmses))
    assert metrics["rmse_deviation"] == pytest.approx(np.std(rmses, ddof=1))
    assert metrics["crps"] == pytest.approx(np.mean([one.scores.crps for one in each]))
    assert each[0].seed_metrics() == {}


def test_intervals_are_calibrated_on_the_errors_of_the_validation_part(trained, features, origins):
    validation = origins[1]
    truth, hours = features.truth(validation), hours_ahead(features, validation)
    forecast = trained.forecasts(features, validation).mean(axis=0)
    quantiles = trained.calibration.quantiles_about(forecast, hours)
    times = features.times.to_numpy()[features.ahead(validation)]
    scores = backtest_scores(truth, forecast, forecast + 1, quantiles, times)
    np.testing.assert_allclose(scores.coverage_by_step[90], 0.9, atol=0.01)
    assert trained.validation_rmse == pytest.approx(scores.rmse)


def test_forecasts_are_written_a_row_a_step(trained, features, origins, tmp_path):
    found = run_backtest(trained, features, origins[2])
    rows = forecast_rows(
        features.times[found.origins], found.times, found.forecast, found.quantiles
    )
    for name in ("first", "second"):
        write_forecasts(rows, found.truth, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    read = pd.read_parquet(tmp_path / "first")
    bounds = ["lower_80", "upper_80", "lower_90", "upper_90"]
    assert list(read) == ["origin", "step", "time", "y", "forecast", *bounds]
    assert (read["time"] - read["origin"] == read["step"] * pd.Timedelta(minutes=5)).all()
    y = pd.Series(features.imbalance, features.times)
    np.testing.assert_array_equal(read["y"], y[read["time"]])
    np.testing.assert_allclose(read["forecast"], found.forecast.ravel(), rtol=1e-6)
    assert (read["lower_90"] <= read["lower_80"]).all()
    assert (read["upper_80"] <= read["upper_90"]).all()
    losses = read_losses(tmp_path / "first")
    np.testing.assert_allclose(losses, squared_losses(found.truth, found.forecast), rtol=1e-4)
    assert losses.index.equals(features.times[found.origins])


def test_forecasts_that_are_damaged_are_refused(tmp_path):
    file = tmp_path / "forecasts.parquet"
    file.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(ValueError, match=r"forecasts\.parquet: no forecasts"):
        read_losses(file)


def test_tables_of_another_clock_are_refused(trained, table):
    with pytest.raises(ValueError, match="rows of 5 minutes, of 15 expected"):
        replace(trained, minutes=15).features(table)


def test_nothing_to_calibrate_is_refused(features, limits, origins):
    with pytest.raises(ValueError, match="1 forecasters and 0 origins"):
        with_intervals("persistence", [Persistence()], limits, features, origins[0][:0])
    with pytest.raises(ValueError, match="0 forecasters"):
        with_intervals("persistence", [], limits, features, origins[1])


@pytest.mark.parametrize("damage", ['{"kind": "oracle"}', "{", "[]", '{"kind": "ridge"}'])
def test_a_damaged_file_is_refused(trained, tmp_path, damage):
    trained.save(tmp_path)
    (tmp_path / "forecaster.json").write_text(damage)
    write_checksums(tmp_path)
    with pytest.raises(ValueError, match=r"forecaster\.json: no saved forecaster"):
        load_trained_forecaster(tmp_path)
