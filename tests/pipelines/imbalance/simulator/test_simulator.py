"""The simulated area is a valid and reproducible table with the documented structure."""

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.schema import COLUMNS, check_table, gross_outliers
from pipelines.imbalance.simulator.area import simulate_table
from pipelines.imbalance.simulator.market import local_calendar, ornstein_uhlenbeck, simulate_market
from pipelines.imbalance.simulator.mistakes import DIRTY_SHARE, make_mistakes
from pipelines.imbalance.simulator.residual import (
    DEAD_BAND,
    LEVEL,
    delivered,
    moved_production,
    orders,
    wandering,
)

HOURS = pd.date_range("2021-01-01", periods=24 * 365, freq="h")


@pytest.fixture(scope="module")
def year():
    return simulate_table("2021-01-01", 105_120, np.random.default_rng(3))


def test_a_table_of_any_start_and_length_is_complete(year):
    for start, rows in (("2021-03-01 03:30", 1), ("2020-02-28 23:55", 500)):
        table = simulate_table(start, rows, np.random.default_rng(0))
        check_table(table)
        assert (str(table.index[0])[:16], len(table)) == (start, rows)
    check_table(year)
    assert tuple(year.columns) == COLUMNS
    assert (len(year), str(year.index[-1])) == (105_120, "2021-12-31 23:55:00")


def test_the_table_depends_only_on_the_seed():
    tables = [simulate_table("2021-03-01", 600, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert not np.allclose(tables[0]["y"], tables[2]["y"])


@pytest.mark.parametrize(
    ("start", "rows", "message"),
    [
        ("2021-03-01", 0, "rows: 0, at least 1 expected"),
        ("2021-03-01 00:01", 10, "a multiple of 5 minutes in UTC without a zone expected"),
        ("2021-03-01T00:00Z", 10, "a multiple of 5 minutes in UTC without a zone expected"),
        (None, 10, "a multiple of 5 minutes in UTC without a zone expected"),
    ],
)
def test_no_rows_and_a_start_off_the_clock_are_refused(start, rows, message):
    with pytest.raises(ValueError, match=message):
        simulate_table(start, rows, np.random.default_rng(0))


def test_production_is_planned_by_the_hour_and_sums_up(year):
    for name in ("hydro", "micro", "thermal", "wind", "river", "total"):
        assert (year[name].groupby(year.index.floor("h")).nunique() == 1).all(), name
    kinds = year[["hydro", "micro", "thermal", "wind", "river"]].sum(axis=1)
    np.testing.assert_allclose(year["total"], kinds, atol=0.01)


def test_the_flow_ramps_about_the_hour_and_the_plan_is_the_mean_of_the_load():
    market = simulate_market(HOURS[:50], np.random.default_rng(0))
    hourly = market.plans["flow"].to_numpy().reshape(-1, 12)
    level, following = hourly[:-1, 5], hourly[1:, 5]
    np.testing.assert_allclose(hourly[:, 1:11], hourly[:, 5:6].repeat(10, axis=1))
    np.testing.assert_allclose(hourly[:-1, 11], level + 0.2 * (following - level), atol=0.011)
    np.testing.assert_allclose(hourly[1:, 0], level + 0.7 * (following - level), atol=0.011)
    planned = (market.plans["total"] - market.plans["flow"]).to_numpy().reshape(-1, 12)[:, 5]
    np.testing.assert_allclose(planned, market.load.reshape(-1, 12).mean(axis=1), atol=0.02)


def test_load_is_low_at_night_on_days_off_and_in_summer(year):
    load = year["total"] - year["flow"]
    calendar = local_calendar(HOURS)
    night, day_off, summer = (
        np.repeat(mask, 12) for mask in (calendar.hour < 4, calendar.day_off, calendar.winter < 0)
    )
    for low in (night, day_off, summer):
        assert load[low].mean() < load[~low].mean() - 200
    assert calendar.day_off[HOURS == "2021-05-17 12:00"].all()  # the national day, a Monday
    assert not calendar.day_off[HOURS == "2021-05-18 12:00"].any()
    # start of daylight saving time: there is no local hour 2
    night = (HOURS >= "2021-03-28") & (HOURS < "2021-03-28 03:00")
    assert calendar.hour[night].tolist() == [1, 3, 4]


def test_noise_has_the_requested_standard_deviation_and_autocorrelation():
    noise = ornstein_uhlenbeck(200_000, 20, 5, np.random.default_rng(0))
    assert noise.std() == pytest.approx(5, rel=0.03)
    for lag in (1, 10, 20, 40):
        correlation = np.corrcoef(noise[:-lag], noise[lag:])[0, 1]
        assert correlation == pytest.approx(np.exp(-lag / 20), abs=0.03)
    many = [ornstein_uhlenbeck(1, 20, 5, np.random.default_rng(seed))[0] for seed in range(2000)]
    assert np.std(many) == pytest.approx(5, rel=0.06)


def test_the_residual_varies_more_at_high_load_and_reverts_above_the_dead_band():
    low, high = (wandering(np.full(300_000, load), np.random.default_rng(1)) for load in (3e3, 5e3))
    assert np.diff(high)[50:].std() > 1.3 * np.diff(low).std()
    change = high[24:] - high[:-24]
    start = high[:-24] - LEVEL
    # A surplus above the dead band reverts faster, relative to its size, than a deficit.
    surplus = high[:-24] > DEAD_BAND + 60
    deficit = (start < -DEAD_BAND - 60 + LEVEL) & (start > -2.5 * DEAD_BAND)
    assert -change[surplus].mean() / start[surplus].mean() > 0.2
    assert -change[deficit].mean() / start[deficit].mean() < 0.12


def test_large_steps_are_shifted_by_15_minutes_without_changing_the_energy():
    total = np.repeat([1000.0, 1000, 1300, 1300], 12)
    moved = moved_production(pd.DataFrame({"total": total}))
    late = np.zeros(48)
    late[24] = -0.1 * 300
    quarters = moved - late
    np.testing.assert_allclose(quarters[21:27], [60, 60, 60, -60, -60, -60])
    assert quarters.sum() == pytest.approx(0)
    small = moved_production(pd.DataFrame({"total": np.repeat([1000.0, 1050], 12)}))
    np.testing.assert_allclose(small.nonzero()[0], [12])


def test_orders_are_rare_and_persistent_and_mostly_downward_during_snowmelt():
    ordered = orders(local_calendar(HOURS), np.random.default_rng(0))
    assert (ordered == ordered.round()).all()
    assert 0.02 < (ordered != 0).mean() < 0.3
    runs = 1 + np.count_nonzero(np.diff(ordered[ordered != 0]))
    assert (ordered != 0).sum() / runs > 4
    flood = np.repeat(local_calendar(HOURS).flood > 0.5, 12)
    assert ordered[flood].mean() < 10 * min(ordered[~flood].mean(), -0.1)
    assert delivered(np.full(5, 100.0)).tolist() == pytest.approx([80, 87, 92, 92, 92])


def test_recording_errors_are_rare_and_large_and_only_in_the_first_two_thirds(year):
    clean = year.copy()
    dirty = make_mistakes(clean, np.random.default_rng(7))
    changed = (dirty != clean).any(axis=1).to_numpy()
    last = int(len(year) * DIRTY_SHARE)
    assert not changed[last:].any()
    assert not gross_outliers(year)[last:].any()
    assert 0.002 < gross_outliers(year).mean() < 0.03
    lost_flow = (dirty["flow"] == 0).to_numpy()
    lost_plans = (dirty["hydro"] != clean["hydro"]).to_numpy()
    for lost in (lost_flow, lost_plans):
        assert lost.sum() % 288 == 0
        assert 0 < lost.sum() < 0.04 * len(year)
    np.testing.assert_array_equal(dirty["y"][lost_plans], clean["y"][lost_plans])
    check_table(dirty)
