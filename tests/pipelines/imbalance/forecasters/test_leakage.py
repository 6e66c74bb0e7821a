"""Nothing unknown at an origin changes a forecast, and what leaks on purpose is caught."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.schema import COLUMNS
from pipelines.imbalance.features.features import MEANS, Features, make_features
from pipelines.imbalance.features.limits import Limits, fit_limits
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
PLANS = [name for name in COLUMNS if name != "y"]
HORIZON = 24

FEW_TREES = BoostingSettings(trees=20, samples_per_leaf=50, windows=300)
SMALL_LSTM = LSTMSettings(hidden=8, epochs=2, windows=256, batch_size=64, learning_rate=0.01)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return simulate_table("2021-05-10", 288 * DAYS, np.random.default_rng(0))


@pytest.fixture(scope="module", params=[True, False], ids=["altered", "plain"])
def forecasters(request, table):
    """Every kind of forecaster as a function of features and origins, and whether it is altered."""
    features = make_features(table, LIMITS, altered=request.param)
    training, validation = features.origins[:700], features.origins[750:]
    trained = {
        "ridge": fit_ridge(features, training, penalty=0.1),
        "highway": fit_ridge(features, training, penalty=0.1, with_interactions=True),
        "gradient_boosting": fit_boosting(features, training, FEW_TREES, seed=0),
        "lstm": train_lstm(features, training, validation, SMALL_LSTM, seed=0, device="cpu")[0],
    }
    untrained = {"persistence": persistence, "structural_persistence": structural_persistence}
    functions = untrained | {name: model.forecast for name, model in trained.items()}
    return functions, request.param


def unknown(table: pd.DataFrame, origin: int, kind: str) -> pd.DataFrame:
    """The table with everything that is not known at an origin replaced."""
    changed, noise = table.copy(), np.random.default_rng(1)
    later, beyond = len(table) - origin - 1, len(table) - origin - HORIZON - 1
    if kind == "NaN":
        changed.iloc[origin + 1 :, changed.columns.get_loc("y")] = np.nan
        changed.iloc[origin + HORIZON + 1 :] = np.nan
    else:
        changed.iloc[origin + 1 :, changed.columns.get_loc("y")] = noise.normal(0, 900, later)
        places = [changed.columns.get_loc(name) for name in PLANS]
        changed.iloc[origin + HORIZON + 1 :, places] = noise.normal(0, 900, (beyond, len(PLANS)))
    return changed


def same_forecasts(forecast, table, altered, kind, make=make_features) -> bool:
    """Whether origins at every minute of an hour forecast the same without what is not known."""
    whole = make(table, LIMITS, altered=altered)
    last = whole.origins[-40]
    for origin in range(last, last + 12):
        chosen = np.arange(origin - 12, origin + 1)
        expected = forecast(whole, chosen)
        found = forecast(make(unknown(table, origin, kind), LIMITS, altered=altered), chosen)
        if expected[-1].tobytes() != found[-1].tobytes():
            return False
    return True


@pytest.mark.parametrize("kind", ["NaN", "noise"])
def test_forecasts_are_bit_for_bit_the_same_without_what_is_not_known(forecasters, table, kind):
    functions, altered = forecasters
    for name, forecast in functions.items():
        assert same_forecasts(forecast, table, altered, kind), name


def hindsight(table, limits, *, altered) -> Features:
    """Features whose structural imbalance comes from the curve through all hours."""
    made = make_features(table, limits, altered=altered)
    rows = np.arange(len(made.target))[:, None] + np.arange(HORIZON + 1)
    return replace(made, structural=structural_in_hindsight(table)[rows])


def centred_means(table, limits, *, altered) -> Features:
    """Features whose running means reach as far ahead as back."""
    made = make_features(table, limits, altered=altered)
    target = pd.Series(made.limited)
    means = [target.rolling(hours * 12, center=True, min_periods=1).mean() for hours in MEANS]
    return replace(made, means=np.column_stack(means)[: len(made.target)])


def moved_plans(table, limits, *, altered) -> Features:
    """Features that see plans one row further than they are known."""
    made = make_features(table, limits, altered=altered)
    return replace(made, changes=np.roll(made.changes, -1, axis=0))


@pytest.mark.parametrize("leak", [hindsight, centred_means, moved_plans])
def test_features_that_look_ahead_are_caught(forecasters, table, leak):
    functions, altered = forecasters
    for name in ("ridge", "lstm"):
        assert not same_forecasts(functions[name], table, altered, "noise", make=leak), name


def test_features_of_the_beginning_are_the_beginning_of_the_features(table):
    rows = 288 * 9 + 7
    whole = make_features(table, LIMITS, altered=True)
    part = make_features(table.iloc[:rows], LIMITS, altered=True)
    for name in ("limited", "target", "structural", "means", "changes", "calendar", "date"):
        found = getattr(part, name)
        assert found.tobytes() == getattr(whole, name)[: len(found)].tobytes(), name


def test_features_scaled_by_all_rows_are_caught(table):
    def leaking(rows):
        made = make_features(table.iloc[:rows], LIMITS, altered=True)
        return made.means / made.target.std()

    part = leaking(288 * 9)
    assert not np.array_equal(part, leaking(288 * 10)[: len(part)], equal_nan=True)


def test_limits_and_scales_do_not_see_validation_and_test(table):
    rows = 288 * 10
    training = make_features(table, LIMITS, altered=True).origins[: 288 * 2]
    changed = unknown(table, rows - HORIZON, "noise")
    before, after = (
        fit_limits(each["y"].to_numpy()[: rows - HORIZON]) for each in (table, changed)
    )
    assert before == after
    assert fit_limits(table["y"].to_numpy()) != fit_limits(changed["y"].to_numpy())
    scales = [
        fit_scales(make_features(each, LIMITS, altered=True), training) for each in (table, changed)
    ]
    assert scales[0].target == scales[1].target
    assert scales[0].structural == scales[1].structural
    np.testing.assert_array_equal(scales[0].changes, scales[1].changes)


def shuffled(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its imbalance in random order: nothing is left to forecast."""
    y = np.random.default_rng(3).permutation(table["y"].to_numpy())
    return table.assign(y=y)


def skill(features: Features, train) -> float:
    """1 - RMSE / that of the mean, over origins after those that are trained on."""
    split = len(features.origins) * 2 // 3
    training, test = features.origins[:split], features.origins[split + HORIZON :]
    truth = features.limited[features.ahead(test)]
    errors = train(features, training).forecast(features, test) - truth
    constant = truth - features.limited[: training[-1]].mean()
    return 1 - np.sqrt(np.square(errors).mean() / np.square(constant).mean())


TRAINERS = {
    "ridge": lambda features, origins: fit_ridge(features, origins, penalty=0.1),
    "gradient_boosting": lambda features, origins: fit_boosting(
        features, origins, FEW_TREES, seed=0
    ),
    "lstm": lambda features, origins: train_lstm(
        features, origins[:-100], origins[-100:], SMALL_LSTM, seed=0, device="cpu"
    )[0],
}


@pytest.mark.parametrize("name", TRAINERS)
def test_what_learns_from_shuffled_targets_has_no_skill(table, name):
    features = make_features(shuffled(table), LIMITS, altered=False)
    assert skill(features, TRAINERS[name]) < 0.01


@pytest.mark.parametrize("name", TRAINERS)
def test_skill_on_shuffled_targets_by_a_leak_is_caught(table, name):
    features = make_features(shuffled(table), LIMITS, altered=False)
    changes = features.changes.copy()
    changes[:, 0] = features.limited  # what is to be forecast, in the guise of a plan
    assert skill(replace(features, changes=changes), TRAINERS[name]) > 0.1
