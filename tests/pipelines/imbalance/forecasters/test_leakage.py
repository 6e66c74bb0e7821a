"""Values unknown at an origin never change a forecast, and deliberate leaks are detected."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.data.splitting import split_by_fractions
from pipelines.imbalance.features.features import MEANS, Features, make_features
from pipelines.imbalance.features.limits import Limits, fit_limits
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.features.scaling import fit_scales
from pipelines.imbalance.features.structural import structural_in_hindsight
from pipelines.imbalance.forecasters.gradient_boosting import fit_boosting
from pipelines.imbalance.forecasters.lstm_training import train_lstm
from pipelines.imbalance.forecasters.persistence import persistence, structural_persistence
from pipelines.imbalance.forecasters.ridge import fit_ridge
from pipelines.imbalance.forecasters.settings import BoostingSettings, LSTMSettings
from pipelines.imbalance.simulator.area import simulate_table

DAYS = 11
LIMITS = Limits(-400.0, 400.0)
HORIZON = 24

FEW_TREES = BoostingSettings(max_iter=20, min_samples_leaf=50, windows=300)
SMALL_LSTM = LSTMSettings(hidden_dim=8, epochs=2, windows=256, batch_size=64, learning_rate=0.01)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return simulate_table("2021-05-10", 288 * DAYS, np.random.default_rng(0))


@pytest.fixture(scope="module", params=[True, False], ids=["residual", "plain"])
def forecasters(request, table):
    """Return each kind of forecaster as a function of features and origins."""
    features = make_features(table, LIMITS, residual=request.param)
    training, validation = features.origins[:700], features.origins[750:]
    models = {
        "ridge": fit_ridge(features, training, alpha=0.1),
        "highway": fit_ridge(features, training, alpha=0.1, with_interactions=True),
        "gradient_boosting": fit_boosting(features, training, FEW_TREES, seed=0),
        "lstm": train_lstm(features, training, validation, SMALL_LSTM, seed=0, device="cpu")[0],
    }
    untrained = {"persistence": persistence, "structural_persistence": structural_persistence}
    functions = untrained | {name: model.forecast for name, model in models.items()}
    return functions, request.param


def unknown(table: pd.DataFrame, origin: int, kind: str) -> pd.DataFrame:
    """Return the table with all values that are unknown at an origin replaced."""
    noise = np.random.default_rng(1).normal(0, 900, table.shape)
    replacement = noise if kind == "noise" else np.full(table.shape, np.nan)
    rows = np.arange(len(table))[:, None]
    is_unknown = rows > np.where(table.columns == "y", origin, origin + HORIZON)
    return table.mask(is_unknown, replacement)


def same_forecasts(forecast, table, residual, kind, make=make_features) -> bool:
    """Return whether forecasts at every minute of an hour are independent of unknown values."""
    features = make(table, LIMITS, residual=residual)
    last = features.origins[-40]
    for origin in range(last, last + 12):
        origins = np.arange(origin - 12, origin + 1)
        expected = forecast(features, origins)
        actual = forecast(make(unknown(table, origin, kind), LIMITS, residual=residual), origins)
        if expected[-1].tobytes() != actual[-1].tobytes():
            return False
    return True


@pytest.mark.parametrize("kind", ["NaN", "noise"])
def test_forecasts_are_bitwise_independent_of_unknown_values(forecasters, table, kind):
    functions, residual = forecasters
    for name, forecast in functions.items():
        assert same_forecasts(forecast, table, residual, kind), name


def hindsight(table, limits, *, residual) -> Features:
    """Return features whose structural imbalance uses the curve through all hours."""
    made = make_features(table, limits, residual=residual)
    rows = np.arange(len(made.target))[:, None] + np.arange(HORIZON + 1)
    return replace(made, structural=structural_in_hindsight(table)[rows])


def centred_means(table, limits, *, residual) -> Features:
    """Return features whose running means are centred and so look ahead."""
    made = make_features(table, limits, residual=residual)
    target = pd.Series(made.limited)
    means = [target.rolling(hours * 12, center=True, min_periods=1).mean() for hours in MEANS]
    return replace(made, means=np.column_stack(means)[: len(made.target)])


def moved_plans(table, limits, *, residual) -> Features:
    """Return features with plans one row beyond the known ones."""
    made = make_features(table, limits, residual=residual)
    return replace(made, changes=np.roll(made.changes, -1, axis=0))


@pytest.mark.parametrize("leak", [hindsight, centred_means, moved_plans])
def test_features_that_look_ahead_are_detected(forecasters, table, leak):
    functions, residual = forecasters
    for name in ("ridge", "lstm"):
        assert not same_forecasts(functions[name], table, residual, "noise", make=leak), name


def is_kept_without_later_rows(make, table) -> bool:
    """Return whether arrays of the start of a table equal the start of the complete arrays."""
    complete, start = make(table), make(table.iloc[: 288 * 9 + 7])
    return all(
        start[name].tobytes() == complete[name][: len(start[name])].tobytes()
        for name in ("limited", "target", "structural", "means", "changes", "calendar", "date")
    )


def test_features_of_the_start_of_a_table_are_the_start_of_its_features(table):
    def make(rows):
        return vars(make_features(rows, LIMITS, residual=True))

    def scaled_by_all_rows(rows):
        made = make(rows)
        return made | {"means": made["means"] / made["target"].std()}

    assert is_kept_without_later_rows(make, table)
    assert not is_kept_without_later_rows(scaled_by_all_rows, table)


def test_limits_and_scales_do_not_depend_on_validation_and_test_data(table):
    split = split_by_fractions(table, 0.8, 0.1)
    series = Prepared.of(split)
    end = len(split.train)
    changed = replace(series, table=unknown(table, end - 1, "noise"))
    assert not changed.table["y"].equals(series.table["y"])
    limits = [fit_limits(each.training_rows["y"].to_numpy()) for each in (series, changed)]
    assert limits[0] == limits[1]
    assert limits[0] != fit_limits(changed.table["y"].to_numpy())
    scales = []
    for each in (series, changed):
        features = make_features(each.table, LIMITS, residual=True)
        scales.append(fit_scales(features, split_origins(each, features).training))
    assert scales[0].target == scales[1].target
    assert scales[0].structural == scales[1].structural
    np.testing.assert_array_equal(scales[0].changes, scales[1].changes)


@pytest.fixture(scope="module")
def shuffled(table) -> Features:
    """Features of an imbalance in random order, which cannot be forecast."""
    y = np.random.default_rng(3).permutation(table["y"].to_numpy())
    return make_features(table.assign(y=y), LIMITS, residual=False)


def skill(features: Features, train) -> float:
    """Return 1 - RMSE / RMSE of the mean, over origins after the training split."""
    split = len(features.origins) * 2 // 3
    training, test = features.origins[:split], features.origins[split + HORIZON :]
    truth = features.limited[features.ahead(test)]
    errors = train(features, training).forecast(features, test) - truth
    constant = truth - features.limited[: training[-1]].mean()
    return 1 - np.sqrt(np.square(errors).mean() / np.square(constant).mean())


TRAINERS = {
    "ridge": lambda features, origins: fit_ridge(features, origins, alpha=0.1),
    "gradient_boosting": lambda features, origins: fit_boosting(
        features, origins, FEW_TREES, seed=0
    ),
    "lstm": lambda features, origins: train_lstm(
        features, origins[:-100], origins[-100:], SMALL_LSTM, seed=0, device="cpu"
    )[0],
}


@pytest.mark.parametrize("name", TRAINERS)
def test_forecasters_have_skill_on_a_shuffled_imbalance_only_with_a_leak(shuffled, name):
    assert skill(shuffled, TRAINERS[name]) < 0.01
    changes = shuffled.changes.copy()
    changes[:, 0] = shuffled.limited  # the imbalance itself, in the column of a plan
    assert skill(replace(shuffled, changes=changes), TRAINERS[name]) > 0.1
