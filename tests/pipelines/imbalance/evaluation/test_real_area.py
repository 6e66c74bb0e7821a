"""On the real series, trained on its first weeks and judged on its last three, numbers are kept."""

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.evaluation.scores import backtest_scores
from pipelines.imbalance.evaluation.significance import diebold_mariano
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.forecasters.intervals import fit_calibration, track_quantiles
from pipelines.imbalance.forecasters.losses import squared_losses
from pipelines.imbalance.forecasters.lstm_training import train_lstm
from pipelines.imbalance.forecasters.persistence import persistence, structural_persistence
from pipelines.imbalance.forecasters.ridge import fit_ridge
from pipelines.imbalance.forecasters.settings import LSTMSettings


@pytest.fixture(scope="module")
def backtest(real_table):
    """Scores by forecaster, all of the same origins: every one of the last three weeks."""
    times = real_table.index
    end = times[-1] + pd.Timedelta(minutes=5)
    test_start = end - pd.Timedelta(weeks=3)
    validation_start = test_start - pd.Timedelta(weeks=2)
    limits = fit_limits(real_table["y"][times < validation_start].to_numpy())
    features = make_features(real_table, limits, altered=True)
    training = features.origins_between(times[0], validation_start)
    validation = features.origins_between(validation_start, test_start)
    test = features.origins_between(test_start, end)
    lstm, _ = train_lstm(features, training, validation, LSTMSettings(), seed=0, device="cpu")
    ridge = fit_ridge(features, training, penalty=0.2)
    forecasters = {
        "persistence": persistence,
        "structural_persistence": structural_persistence,
        "ridge": ridge.forecast,
        "lstm_altered": lstm.forecast,
    }
    truth, ahead = features.truth(test), features.times.to_numpy()[features.ahead(test)]
    hours = features.times.hour.to_numpy()
    scores, losses = {}, {}
    for name, forecaster in forecasters.items():
        errors = features.truth(validation) - forecaster(features, validation)
        calibration = fit_calibration(errors, hours[features.ahead(validation)])
        forecast = forecaster(features, test)
        quantiles = track_quantiles(calibration, forecast, truth, hours[features.ahead(test)])
        still = persistence(features, test)
        scores[name] = backtest_scores(truth, forecast, still, quantiles, ahead)
        losses[name] = squared_losses(truth, forecast)
    return scores, losses


def test_the_variants_rank_as_they_should(backtest):
    scores, _ = backtest
    ranked = ("lstm_altered", "ridge", "structural_persistence", "persistence")
    errors = [scores[name].rmse for name in ranked]
    assert errors == sorted(errors)


def test_the_lstm_is_a_third_better_than_persistence(backtest):
    scores, _ = backtest
    assert scores["lstm_altered"].skill > 0.325


def test_ridge_beats_structural_persistence_beyond_chance(backtest):
    _, losses = backtest
    found = diebold_mariano(losses["ridge"], losses["structural_persistence"], 24)
    assert found.difference < 0
    assert found.p_value < 0.001


def test_intervals_hold_at_every_step(backtest):
    scores, _ = backtest
    for score in scores.values():
        assert (np.abs(score.coverage_by_step[90] - 0.9) <= 0.02).all()
        assert (np.abs(score.coverage_by_step[80] - 0.8) <= 0.02).all()
