"""Forecasters learn, and the same seed gives the same forecasts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import Limits
from pipelines.imbalance.features.windows import origin_features, step_features, volatility_weights
from pipelines.imbalance.forecasters.gradient_boosting import fit_boosting
from pipelines.imbalance.forecasters.lstm_training import fit_highway, train_lstm
from pipelines.imbalance.forecasters.persistence import persistence, structural_persistence
from pipelines.imbalance.forecasters.ridge import fit_ridge
from pipelines.imbalance.forecasters.settings import BoostingSettings, LSTMSettings
from pipelines.imbalance.simulator.area import simulate_table

LIMITS = Limits(-400.0, 400.0)
FEW_TREES = BoostingSettings(max_iter=40, min_samples_leaf=100, windows=600)
SMALL = LSTMSettings(hidden_dim=8, dropout=0.1, epochs=3, windows=400, batch_size=64)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return simulate_table("2021-04-10", 288 * 24, np.random.default_rng(0))


@pytest.fixture(scope="module")
def features(table):
    return make_features(table, LIMITS, residual=True)


@pytest.fixture(scope="module")
def splits(features):
    origins = features.origins
    return origins[:3000], origins[3024:3700], origins[3724:]


@pytest.fixture(scope="module")
def trained(features, splits):
    return train_lstm(features, *splits[:2], SMALL, seed=0, device="cpu")


def rmse(features, origins, forecast) -> float:
    limited = features.limited[features.ahead(origins)]
    return float(np.sqrt(np.square(forecast - limited).mean()))


def test_persistence_is_constant_and_structural_persistence_follows_the_plans(features, table):
    origins = features.origins[[5, 700]]
    last = table["y"].to_numpy()[origins, None].clip(-400, 400)
    assert (persistence(features, origins) == last).all()
    moved = structural_persistence(features, origins) - last
    np.testing.assert_allclose(
        moved, features.structural[origins, 1:] - features.structural[origins, :1]
    )


def test_every_trained_forecaster_beats_persistence(features, splits, trained):
    training, _, test = splits
    learned = {
        "ridge": fit_ridge(features, training, alpha=0.2),
        "boosting": fit_boosting(features, training, FEW_TREES, seed=0),
        "lstm": trained[0],
    }
    structural = rmse(features, test, structural_persistence(features, test))
    assert structural < 0.95 * rmse(features, test, persistence(features, test))
    for name, forecaster in learned.items():
        assert rmse(features, test, forecaster.forecast(features, test)) < structural, name


def test_ridge_solves_weighted_penalized_least_squares_for_each_step(features, splits):
    origins = splits[0][::7]
    ridge = fit_ridge(features, origins, alpha=0.3)
    weights, step = volatility_weights(features, origins), 9
    features_of_step = step_features(features, origins, step)
    columns = np.hstack([origin_features(features, origins), features_of_step])
    scale = columns.std(axis=0)
    scale[scale == 0] = 1
    matrix, target = columns / scale, features.movement(origins)[:, step - 1]
    centre = np.average(matrix, axis=0, weights=weights)
    centred, mean = matrix - centre, np.average(target, weights=weights)
    gram = centred.T @ (weights[:, None] * centred) + 0.3 * weights.sum() * np.eye(len(scale))
    expected = np.linalg.solve(gram, centred.T @ (weights * (target - mean))) / scale
    np.testing.assert_allclose(ridge.coefficients[step - 1], expected, atol=1e-8)
    movement = ridge.movement(features, origins)[:, step - 1]
    np.testing.assert_allclose(movement, columns @ expected + mean - centre @ (expected * scale))


def test_an_untrained_lstm_returns_the_forecast_of_its_highway(features, splits, trained):
    forecaster, _ = trained
    network = forecaster.network
    silent = replace(forecaster, network=type(network)(**network.configuration))
    training, _, test = splits
    highway = fit_ridge(features, training, alpha=SMALL.ridge_alpha, with_interactions=True)
    np.testing.assert_allclose(
        silent.forecast(features, test), highway.forecast(features, test), atol=1e-2
    )


def test_an_lstm_learns_a_target_that_no_linear_model_can_fit(features, splits):
    """Use a target that is the product of two inputs."""
    rows = np.arange(len(features.limited))
    sign = np.where(rows // 288 % 2 == 0, 1.0, -1.0)
    plan = np.random.default_rng(0).normal(0, 100, len(rows) // 12 + 1)[rows // 12]
    changes = np.zeros_like(features.changes)
    changes[:, 1] = plan
    calendar = np.zeros_like(features.calendar)
    calendar[:, 5] = sign
    limited = plan * sign
    product_features = replace(
        features,
        limited=limited,
        imbalance=limited,
        target=limited[: -features.clock.horizon],
        structural=np.zeros_like(features.structural),
        means=np.zeros_like(features.means),
        changes=changes,
        calendar=calendar,
    )
    sizes = {"hidden_dim": 16, "dropout": 0.0, "epochs": 8, "windows": 1500}
    settings = replace(SMALL, learning_rate=0.03, **sizes)
    training, validation, test = splits
    forecaster, _ = train_lstm(
        product_features, training, validation, settings, seed=0, device="cpu"
    )
    linear = rmse(product_features, test, forecaster.highway.forecast(product_features, test))
    assert rmse(product_features, test, forecaster.forecast(product_features, test)) < 0.7 * linear


def test_every_forecaster_works_at_a_resolution_of_15_minutes(table):
    coarse = make_features(at_resolution(table, 15), LIMITS, residual=True)
    training, validation, test = np.split(coarse.origins, [800, 1000])
    brief = replace(SMALL, epochs=1)
    forecasters = [
        fit_ridge(coarse, training, alpha=0.2),
        fit_boosting(coarse, training, FEW_TREES, seed=0),
        train_lstm(coarse, training, validation, brief, seed=0, device="cpu")[0],
    ]
    naive = rmse(coarse, test, persistence(coarse, test))
    for forecaster in forecasters:
        forecast = forecaster.forecast(coarse, test)
        assert forecast.shape == (len(test), 8)
        assert rmse(coarse, test, forecast) < naive


def test_forecasts_depend_only_on_the_seed_and_not_on_a_given_highway(features, splits, trained):
    training, validation, test = splits
    highway = fit_highway(features, training, SMALL)
    torch.manual_seed(99)
    again, shared, other = (
        train_lstm(features, training, validation, SMALL, device="cpu", **options)[0]
        for options in ({"seed": 0}, {"seed": 0, "highway": highway}, {"seed": 1})
    )
    assert shared.highway is highway
    expected = trained[0].forecast(features, test[:50]).tobytes()
    assert again.forecast(features, test[:50]).tobytes() == expected
    assert shared.forecast(features, test[:50]).tobytes() == expected
    assert other.forecast(features, test[:50]).tobytes() != expected


def test_a_resumed_training_gives_the_weights_of_an_uninterrupted_one(
    features, splits, trained, tmp_path
):
    training, validation, test = splits

    def killed(epoch, _):
        if epoch == 1:
            raise KeyboardInterrupt

    arguments = (features, training, validation, SMALL)
    with pytest.raises(KeyboardInterrupt):
        train_lstm(*arguments, seed=0, device="cpu", checkpoint_folder=tmp_path, on_epoch=killed)
    resumed, result = train_lstm(*arguments, seed=0, device="cpu", checkpoint_folder=tmp_path)
    assert result.resumed_epochs == 1
    expected = trained[0].forecast(features, test[:50])
    assert resumed.forecast(features, test[:50]).tobytes() == expected.tobytes()


@pytest.mark.parametrize("train", [fit_ridge, fit_boosting])
def test_an_empty_set_of_origins_is_refused(features, train):
    arguments = {"alpha": 1.0} if train is fit_ridge else {"settings": FEW_TREES, "seed": 0}
    with pytest.raises(ValueError, match="origins: none, at least one expected"):
        train(features, np.array([], dtype=int), **arguments)
