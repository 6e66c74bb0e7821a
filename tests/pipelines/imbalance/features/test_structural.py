"""Structural imbalance is the planned minus a smooth load, computed from known plans."""

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import PchipInterpolator

from pipelines.imbalance.data.resolution import Clock, at_resolution
from pipelines.imbalance.features.structural import (
    planned_load,
    structural_ahead,
    structural_in_hindsight,
)
from pipelines.imbalance.simulator.area import simulate_table

START = "2021-03-01 03:30"


@pytest.fixture(scope="module", params=[5, 15])
def area(request) -> pd.DataFrame:
    return at_resolution(simulate_table(START, 288 * 4, np.random.default_rng(0)), request.param)


def smooth_by_hand(table: pd.DataFrame, origin: int) -> np.ndarray:
    """Return the smooth load at an origin and its steps, from the hours known at the origin."""
    clock = Clock.of(table)
    known_rows = table.iloc[: origin + clock.horizon + 1]
    levels = planned_load(known_rows)
    hourly = pd.Series(levels, known_rows.index).groupby(known_rows.index.floor("h")).mean()
    for _ in range(2):
        last = hourly.index[-1]
        day = pd.Timedelta(hours=24)
        change = hourly[last - day + pd.Timedelta(hours=1)] - hourly[last - day]
        hourly[last + pd.Timedelta(hours=1)] = hourly[last] + change
    hourly = hourly.iloc[1:]  # the first hour of the table is not whole
    hour, start = pd.Timedelta(hours=1), table.index[0]
    centres = (hourly.index - start) / hour + 0.5
    shift = pd.Timedelta(minutes=(clock.minutes - 5) / 2)
    positions = (known_rows.index[origin:] + shift - start) / hour
    return PchipInterpolator(centres, hourly.to_numpy())(positions)


def test_each_origin_has_the_values_of_its_own_curve(area):
    clock, structural, load = Clock.of(area), structural_ahead(area), planned_load(area)
    # all minutes of the hour in which the plans end
    for origin in range(2 * clock.day, 2 * clock.day + 2 * clock.hour):
        window = slice(origin, origin + clock.horizon + 1)
        expected = load[window] - smooth_by_hand(area, origin)
        np.testing.assert_allclose(structural[origin], expected, atol=1e-8)


def later_plans(area: pd.DataFrame, last: int, values: float | np.ndarray) -> pd.DataFrame:
    changed = area.copy()
    changed.iloc[last + 1 :, :] = values
    return changed


@pytest.mark.parametrize("values", [np.nan, 1e5])
def test_plans_more_than_two_hours_ahead_have_no_effect(area, values):
    clock, expected = Clock.of(area), structural_ahead(area)
    for origin in range(clock.day, clock.day + clock.hour):
        changed = later_plans(area, origin + clock.horizon, values)
        assert structural_ahead(changed)[origin].tobytes() == expected[origin].tobytes()


def test_a_curve_that_looks_further_ahead_is_detected(area):
    """The curve through all hours changes with later plans."""
    clock, structural = Clock.of(area), structural_in_hindsight(area)
    origin = clock.day + 3
    ahead = slice(origin, origin + clock.horizon + 1)
    changed = later_plans(area, origin + clock.horizon, 0.0)
    assert not np.array_equal(structural_in_hindsight(changed)[ahead], structural[ahead])


def test_the_start_of_a_table_has_the_same_values_as_in_the_complete_table(area):
    rows = 2 * Clock.of(area).day + 5
    complete, start = structural_ahead(area), structural_ahead(area.iloc[:rows])
    assert start.tobytes() == complete[: len(start)].tobytes()


def test_both_curves_agree_where_all_neighbouring_hours_are_known(area):
    clock = Clock.of(area)
    in_hindsight = structural_in_hindsight(area)
    at_origin = structural_ahead(area)[:, 0]
    early = np.flatnonzero(area.index[: len(at_origin)].minute < 30)
    early = early[early > 3 * clock.hour]
    np.testing.assert_allclose(at_origin[early], in_hindsight[early], atol=1e-8)


def test_import_counts_as_load_and_a_constant_load_has_no_structural_imbalance(area):
    np.testing.assert_array_equal(planned_load(area), area["total"] - area["flow"])
    flat = area.assign(total=5000.0, flow=-800.0)
    np.testing.assert_allclose(structural_ahead(flat), 0, atol=1e-9)
    np.testing.assert_allclose(structural_in_hindsight(flat), 0, atol=1e-9)


@pytest.mark.parametrize(
    "times",
    [
        pd.DatetimeIndex([]),
        pd.date_range(START, periods=24, freq="5min"),
        pd.date_range(START, periods=99, freq="10min"),
        pd.date_range(START, periods=99, freq="5min").delete(50),
    ],
    ids=["empty", "short", "10 minutes", "gap"],
)
def test_a_table_with_irregular_times_or_too_few_rows_is_refused(times):
    with pytest.raises(ValueError, match=r"^table: "):
        structural_ahead(pd.DataFrame({"total": 1.0, "flow": 0.0}, times))


def test_a_coarser_table_has_the_means_of_the_rows_it_covers():
    fine = simulate_table("2021-03-01 03:35", 100, np.random.default_rng(0))
    coarse = at_resolution(fine, 15)
    assert coarse.index[0] == pd.Timestamp("2021-03-01 03:45")
    assert coarse.index[-1] == pd.Timestamp("2021-03-01 11:30")
    np.testing.assert_allclose(coarse.iloc[2], fine.loc["2021-03-01 04:15":].iloc[:3].mean())
    with pytest.raises(ValueError, match="minutes: 10, 5 or 15 expected"):
        at_resolution(fine, 10)


def test_the_real_imbalance_varies_less_without_its_structural_component(real_table):
    """Use the last three weeks, because earlier ones have gross outliers."""
    rows = slice(-21 * 288 - 24, -24)
    y = real_table["y"].to_numpy()[rows]
    residual = y - structural_ahead(real_table)[:, 0][-21 * 288 :]
    assert residual.std() < 0.97 * y.std()
    assert np.diff(residual).std() < 0.7 * np.diff(y).std()
