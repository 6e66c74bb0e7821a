"""Forecasters of the real series keep their scores on its last three weeks."""

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.evaluation.scores import backtest_scores
from pipelines.imbalance.evaluation.significance import diebold_mariano
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.forecasters.intervals import fit_calibration, track_quantiles
from pipelines.imbalance.forecasters.losses import squared_losses
from pipelines.imbalance.forecasters.lstm_training import train_lstm
from pipelines.imbalance.forecasters.persistence import persistence, structural_persistence
from pipelines.imbalance.forecasters.ridge import fit_ridge
from pipelines.imbalance.forecasters.settings import LSTMSettings

RULES = {"structural_persistence": structural_persistence, "persistence": persistence}


@pytest.fixture(scope="module")
def backtest(real_table):
    """Scores and losses of each forecaster over all origins of the last three weeks."""
    test_start = real_table.index[-1] + pd.Timedelta(minutes=5) - pd.Timedelta(weeks=3)
    prepared = Prepared(real_table, test_start - pd.Timedelta(weeks=2), test_start)
    limits = fit_limits(prepared.training_rows["y"].to_numpy())
    features = make_features(real_table, limits, residual=True)
    origins = split_origins(prepared, features)
    training, validation, test = origins.training, origins.validation, origins.test
    lstm, _ = train_lstm(features, training, validation, LSTMSettings(), seed=0, device="cpu")
    ridge = fit_ridge(features, training, alpha=0.2)
    forecasters = RULES | {"ridge": ridge.forecast, "lstm_residual": lstm.forecast}
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


def test_the_forecasters_rank_as_expected_with_significance(backtest):
    scores, losses = backtest
    errors = [scores[name].rmse for name in ("lstm_residual", "ridge", *RULES)]
    assert errors == sorted(errors)
    assert scores["lstm_residual"].skill > 0.325
    result = diebold_mariano(losses["ridge"], losses["structural_persistence"], 24)
    assert result.difference < 0
    assert result.p_value < 0.001


def test_intervals_have_their_nominal_coverage_at_every_step(backtest):
    scores, _ = backtest
    for score in scores.values():
        assert (np.abs(score.coverage_by_step[90] - 0.9) <= 0.02).all()
        assert (np.abs(score.coverage_by_step[80] - 0.8) <= 0.02).all()
