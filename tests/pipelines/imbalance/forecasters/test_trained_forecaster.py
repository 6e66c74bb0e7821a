"""A trained model is saved and loaded without change, and a backtest scores its forecasts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.checksums import write_checksums
from pipelines.imbalance.evaluation.backtest import run_backtest
from pipelines.imbalance.evaluation.forecast_file import read_losses, write_forecasts
from pipelines.imbalance.evaluation.scores import backtest_scores
from pipelines.imbalance.forecasters.forecast_table import forecast_rows
from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.forecasters.losses import squared_losses
from pipelines.imbalance.forecasters.persistence import Persistence, persistence
from pipelines.imbalance.forecasters.trained_forecaster import (
    hours_ahead,
    load_trained_forecaster,
    with_intervals,
)


@pytest.fixture(scope="module", params=KINDS)
def trained(request, fitted, features, limits, origins):
    forecasters = fitted[request.param].forecasters
    return with_intervals(request.param, forecasters, limits, features, origins.validation)


def test_a_saved_model_is_loaded_unchanged_and_its_bytes_are_deterministic(
    trained, prepared, origins, tmp_path
):
    contents = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        trained.save(folder)
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        contents.append({path.relative_to(folder): path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    loaded_model = load_trained_forecaster(folder)
    one, other = (each.features(prepared.table) for each in (trained, loaded_model))
    np.testing.assert_array_equal(
        loaded_model.forecasts(other, origins.test), trained.forecasts(one, origins.test)
    )
    assert (loaded_model.limits, loaded_model.validation_rmse) == (
        trained.limits,
        trained.validation_rmse,
    )
    pairs = zip(
        (loaded_model.calibration, *loaded_model.calibrations),
        (trained.calibration, *trained.calibrations),
        strict=True,
    )
    for loaded, saved in pairs:
        np.testing.assert_array_equal(loaded.quantiles, saved.quantiles)


def test_a_backtest_scores_the_mean_of_all_forecasters(trained, features, origins):
    test = origins.test
    backtest = run_backtest(trained, features, test)
    mean = np.mean(
        [forecaster.forecast(features, test) for forecaster in trained.forecasters], axis=0
    )
    np.testing.assert_array_equal(backtest.forecast, mean)
    np.testing.assert_array_equal(backtest.truth, features.imbalance[features.ahead(test)])
    np.testing.assert_array_equal(backtest.persistence, persistence(features, test))
    assert backtest.scores.rmse == pytest.approx(np.sqrt(np.mean((backtest.truth - mean) ** 2)))
    metrics = backtest.to_metrics(288, seed=0)
    assert metrics["rmse_ci_low"] < metrics["rmse"] < metrics["rmse_ci_high"]
    assert metrics == backtest.to_metrics(288, seed=0)


def test_the_members_of_an_ensemble_are_also_scored_separately(fitted, features, limits, origins):
    def backtest(*forecasters):
        model = with_intervals("lstm", forecasters, limits, features, origins.validation)
        return run_backtest(model, features, origins.test)

    members = fitted["lstm"].forecasters
    metrics, backtests = backtest(*members).seed_metrics(), [backtest(member) for member in members]
    rmses = [member.scores.rmse for member in backtests]
    assert rmses[0] != rmses[1]
    assert metrics["rmse"] == pytest.approx(np.mean(rmses))
    assert metrics["rmse_std"] == pytest.approx(np.std(rmses, ddof=1))
    assert metrics["crps"] == pytest.approx(np.mean([member.scores.crps for member in backtests]))
    assert backtests[0].seed_metrics() == {}


def test_intervals_are_calibrated_on_the_errors_of_the_validation_split(trained, features, origins):
    validation = origins.validation
    truth, hours = features.truth(validation), hours_ahead(features, validation)
    forecast = trained.forecasts(features, validation).mean(axis=0)
    quantiles = trained.calibration.quantiles_about(forecast, hours)
    times = features.times.to_numpy()[features.ahead(validation)]
    scores = backtest_scores(truth, forecast, forecast + 1, quantiles, times)
    np.testing.assert_allclose(scores.coverage_by_step[90], 0.9, atol=0.01)
    assert trained.validation_rmse == pytest.approx(scores.rmse)


def test_forecasts_are_written_with_one_row_per_step(trained, features, origins, tmp_path):
    backtest = run_backtest(trained, features, origins.test)
    times = features.times[backtest.origins]
    rows = forecast_rows(times, backtest.times, backtest.forecast, backtest.quantiles)
    for name in ("first", "second"):
        write_forecasts(rows, backtest.truth, tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    table = pd.read_parquet(tmp_path / "first")
    bounds = ["lower_80", "upper_80", "lower_90", "upper_90"]
    assert list(table) == ["origin", "step", "time", "y", "forecast", *bounds]
    assert (table["time"] - table["origin"] == table["step"] * pd.Timedelta(minutes=5)).all()
    y = pd.Series(features.imbalance, features.times)
    np.testing.assert_array_equal(table["y"], y[table["time"]])
    np.testing.assert_allclose(table["forecast"], backtest.forecast.ravel(), rtol=1e-6)
    assert (table["lower_90"] <= table["lower_80"]).all()
    assert (table["upper_80"] <= table["upper_90"]).all()
    losses = read_losses(tmp_path / "first")
    np.testing.assert_allclose(losses, squared_losses(backtest.truth, backtest.forecast), rtol=1e-4)
    assert losses.index.equals(times)
    (tmp_path / "first").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(ValueError, match="first: not a file of forecasts"):
        read_losses(tmp_path / "first")


def test_tables_of_another_resolution_and_empty_calibration_data_are_refused(
    trained, prepared, features, limits, origins
):
    with pytest.raises(ValueError, match="rows of 5 minutes, of 15 expected"):
        replace(trained, minutes=15).features(prepared.table)
    for forecasters, count in (([Persistence()], 0), ([], 9)):
        with pytest.raises(ValueError, match=f"{len(forecasters)} forecasters and {count} origins"):
            with_intervals("ridge", forecasters, limits, features, origins.validation[:count])


@pytest.mark.parametrize("damage", ['{"kind": "oracle"}', "{", "[]", '{"kind": "ridge"}'])
def test_a_damaged_file_is_refused(trained, tmp_path, damage):
    trained.save(tmp_path)
    (tmp_path / "forecaster.json").write_text(damage)
    write_checksums(tmp_path)
    with pytest.raises(ValueError, match=r"forecaster\.json: not a saved forecaster"):
        load_trained_forecaster(tmp_path)
