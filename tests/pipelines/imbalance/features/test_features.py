"""Features, limits and the calendar follow their definitions at every row."""

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.calendar import CALENDAR, calendar_features
from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.data.splitting import Split
from pipelines.imbalance.features.features import CHANGES, HISTORY, MEANS, make_features
from pipelines.imbalance.features.limits import Limits, fit_limits, outlier_counts
from pipelines.imbalance.features.windows import (
    draw_origins,
    interactions,
    origin_features,
    step_features,
    volatility_weights,
)
from pipelines.imbalance.simulator.area import simulate_table

LIMITS = Limits(-300.0, 300.0)


@pytest.fixture(scope="module")
def area() -> pd.DataFrame:
    return simulate_table("2021-05-10", 288 * 9, np.random.default_rng(0))


@pytest.fixture(scope="module", params=[5, 15])
def table(request, area):
    return at_resolution(area, request.param)


@pytest.fixture(scope="module", params=[True, False], ids=["residual", "plain"])
def features(request, table):
    return make_features(table, LIMITS, residual=request.param)


def test_the_target_is_the_clipped_imbalance_minus_its_structural_component(features, table):
    y = table["y"].clip(-300, 300).to_numpy()[: -features.clock.horizon]
    structural = features.structural[:, 0] if features.residual else 0
    np.testing.assert_allclose(features.target, y - structural)
    np.testing.assert_array_equal(features.imbalance, table["y"])
    origins = features.origins
    whole = features.target[origins, None] + features.movement(origins) + features.offset(origins)
    ahead = table["y"].clip(-300, 300).to_numpy()[features.ahead(origins)]
    np.testing.assert_allclose(whole, ahead)


def test_running_means_cover_the_hours_up_to_the_row(features):
    target = pd.Series(features.target)
    for column, hours in enumerate(MEANS):
        expected = target.rolling(hours * features.clock.hour).mean()
        np.testing.assert_allclose(features.means[:, column], expected, atol=1e-8)


def test_profiles_and_unusual_plans_use_the_same_time_of_previous_days(features, table):
    day = features.clock.day
    row = 7 * day + 50
    changes = dict(zip(CHANGES, features.changes[row], strict=True))
    for days in (1, 3, 7):
        expected = np.mean([features.target[row - day * back] for back in range(1, days + 1)])
        assert changes[f"profile_{days}_days"] == pytest.approx(expected)
    for name in ("hydro", "micro", "thermal", "wind", "river", "flow"):
        usual = np.mean([table[name].iloc[row - day * back] for back in range(1, 8)])
        assert changes[f"unusual_{name}"] == pytest.approx(table[name].iloc[row] - usual)


def test_every_origin_has_all_its_features(features):
    origins = features.origins
    assert origins[0] * pd.Timedelta(minutes=features.clock.minutes) == HISTORY
    for step in (1, features.clock.horizon):
        for matrix in (step_features, interactions):
            assert np.isfinite(matrix(features, origins, step)).all()
    assert np.isfinite(origin_features(features, origins)).all()
    assert np.isfinite(features.movement(origins)).all()


def test_all_steps_of_an_origin_lie_in_its_split(features):
    times = features.times
    first, end = times[8 * features.clock.day], times[8 * features.clock.day + 60]
    origins = features.origins_between(first, end)
    assert times[origins[0] + 1] == first
    assert times[origins[-1] + features.clock.horizon + 1] == end


def test_the_same_minute_of_the_last_hour_is_never_after_the_origin(features):
    origins, hour = features.origins, features.clock.hour
    for step in range(1, features.clock.horizon + 1):
        row = origins + step - hour if step <= hour else origins + step - 2 * hour
        expected = features.target[row] - features.target[origins]
        np.testing.assert_array_equal(step_features(features, origins, step)[:, -1], expected)


def test_the_level_is_a_feature_only_after_midnight(features):
    """Midnight in Norway is at 22:00 UTC in May."""
    origins = features.origins
    beyond = interactions(features, origins, features.clock.horizon)[:, -3]
    late = features.times[origins].hour.isin([20, 21])
    np.testing.assert_array_equal(beyond, late)


def test_origins_after_a_volatile_day_have_smaller_weights():
    area = simulate_table("2021-05-10", 288 * 12, np.random.default_rng(0))
    rows = slice(288 * 9, 288 * 10)
    area.iloc[rows, area.columns.get_loc("y")] += np.tile([200.0, -200.0], 144)
    features = make_features(area, Limits(-1e9, 1e9), residual=True)
    weights = volatility_weights(features, features.origins)
    restless = (features.origins > 288 * 9.5) & (features.origins < 288 * 10)
    assert weights.mean() == pytest.approx(1)
    quiet = features.origins < 288 * 9
    assert weights[restless].mean() < 0.2 * weights[quiet].mean()


def test_drawn_origins_cover_all_minutes_of_the_hour():
    origins = np.arange(1000, 3400)
    sample = draw_origins(origins, 600, seed=0)
    assert len(np.unique(sample)) == 600
    assert (np.diff(sample) > 0).all()
    assert np.bincount(sample % 12).min() > 25
    assert draw_origins(origins, 9999, seed=0) is origins
    assert not np.array_equal(sample, draw_origins(origins, 600, seed=1))


def test_gross_outliers_do_not_change_the_limits():
    usual = np.random.default_rng(0).normal(0, 100, 10_000)
    dirty = np.concatenate([usual, np.full(100, -56_379.0)])
    clean_limits, limits = fit_limits(usual), fit_limits(dirty)
    assert (limits.low, limits.high) == pytest.approx(
        (clean_limits.low, clean_limits.high), rel=0.05
    )
    assert limits.limited(dirty).min() == limits.low


def test_rows_and_outliers_are_counted_per_split():
    tables = [pd.DataFrame({"y": y}) for y in ([-3.0, 0.0, 2.0], [1.0, 9.0], [-2.0])]
    assert outlier_counts(Split(*tables), Limits(-2.0, 2.0)) == {
        "rows": {"train": 3, "validation": 2, "test": 1},
        "outliers": {"train": 1, "validation": 1, "test": 0},
        "limits": {"low": -2.0, "high": 2.0},
    }


def test_the_calendar_is_that_of_norway():
    times = pd.DatetimeIndex(
        ["2021-03-27 23:00", "2021-03-28 22:00", "2021-05-16 22:00", "2021-05-17 21:55"]
    )
    calendar = pd.DataFrame(calendar_features(times), columns=list(CALENDAR))
    np.testing.assert_allclose(calendar["hour_sine"][:3], 0, atol=1e-12)
    np.testing.assert_allclose(calendar["hour_cosine"][:3], 1)
    # start of Sunday, start of Monday, start and end of Monday, 17 May (Constitution Day)
    angle = np.arctan2(calendar["weekday_sine"], calendar["weekday_cosine"]) % (2 * np.pi)
    np.testing.assert_allclose(angle[:3] * 7 / (2 * np.pi), [6, 0, 0], atol=1e-9)
    assert calendar["holiday"].tolist() == [0, 0, 1, 1]
    half_year = calendar_features(pd.DatetimeIndex(["2021-01-01", "2021-07-02 12:00"]))
    np.testing.assert_allclose(half_year[0, 6:8], -half_year[1, 6:8], atol=0.03)
