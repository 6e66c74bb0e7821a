"""A request returns the forecast of a backtest, or an error in one line."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.data.schema import STEP, TIME, TableError
from pipelines.imbalance.evaluation.backtest import run_backtest
from pipelines.imbalance.features.features import HISTORY, make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.forecasters.forecast_request import forecast_ahead
from pipelines.imbalance.forecasters.ridge import fit_ridge
from pipelines.imbalance.forecasters.trained_forecaster import with_intervals
from pipelines.imbalance.simulator.area import simulate_table

START, FITTED = pd.Timestamp("2021-03-01"), pd.Timestamp("2021-03-11")
LAST = pd.Timestamp("2021-03-12 10:10")
AHEAD = pd.Timedelta(hours=2)


@pytest.fixture(scope="module")
def table():
    return simulate_table(START, 288 * 13, np.random.default_rng(6))


@pytest.fixture(scope="module", params=[5, 15])
def trained(request, table):
    rows = at_resolution(table, request.param)
    limits = fit_limits(rows["y"][:FITTED].to_numpy())
    features = make_features(rows, limits, residual=True)
    ridge = fit_ridge(features, features.origins_between(START, FITTED), alpha=0.2)
    validation = features.origins_between(FITTED, rows.index[-1])
    return with_intervals("ridge", [ridge], limits, features, validation)


@pytest.fixture
def request_rows(table):
    """The shortest request at either resolution."""
    first = LAST - HISTORY - pd.Timedelta(minutes=10)
    rows = table[first : LAST + AHEAD].copy()
    rows.loc[LAST + pd.Timedelta(minutes=1) :, "y"] = np.nan
    rows.index = rows.index.strftime("%Y-%m-%dT%H:%M:%SZ").rename(TIME)
    return rows.reset_index()


def test_the_forecast_is_the_one_of_a_backtest_at_the_same_origin(trained, table, request_rows):
    answer = forecast_ahead(trained, request_rows)
    features = trained.features(at_resolution(table, trained.minutes))
    last = LAST.floor(f"{trained.minutes}min")
    origin = np.flatnonzero(features.times == last)
    expected = trained.forecasts(features, origin)[0, 0]
    np.testing.assert_allclose(answer["forecast"], expected, atol=1e-6)
    assert (answer["origin"] == last).all()
    assert answer["step"].tolist() == list(range(1, 120 // trained.minutes + 1))
    step = pd.Timedelta(minutes=trained.minutes)
    assert (answer["time"] - answer["origin"] == answer["step"] * step).all()


@pytest.mark.parametrize("more", [0, 288, 2 * 288])
def test_the_intervals_are_those_of_a_backtest_on_the_rows_of_the_request(trained, table, more):
    last = LAST.floor(f"{trained.minutes}min")
    last_time = last + pd.Timedelta(minutes=trained.minutes) - STEP
    rows = table[last - HISTORY - more * STEP : last_time + AHEAD]
    request = rows.assign(y=rows["y"].where(rows.index <= last_time))
    answer = forecast_ahead(trained, request.reset_index(names=TIME))
    features = trained.features(at_resolution(rows, trained.minutes))
    backtest = run_backtest(trained, features, features.origins)
    for name, level in (("lower_90", 0), ("lower_80", 1), ("upper_80", 17), ("upper_90", 18)):
        expected = backtest.quantiles[-1, :, level]
        np.testing.assert_allclose(answer[name], expected, atol=1e-6, err_msg=name)


def without(rows, position):
    return rows.drop(index=rows.index[position]).reset_index(drop=True)


def changed(rows, position, column, value):
    rows = rows.astype({column: object})
    rows.loc[rows.index[position], column] = value
    return rows


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: rows.iloc[:-24], "plans: 0 rows after the last y, of 2021-03-12 10:10:00"),
        (lambda rows: rows.iloc[:-1], "plans: 23 rows .* the 24 of the next two hours expected"),
        (lambda rows: without(rows, -5), "plans: 23 rows"),
        (lambda rows: without(rows, 900), "recent rows: start_time: 1 gaps"),
        (lambda rows: changed(rows, 900, "y", None), "recent rows: y: no value at 2021-03-08"),
        (lambda rows: changed(rows, 900, "wind", None), "recent rows: wind: no value at"),
        (lambda rows: changed(rows, -3, "flow", None), "plans: flow: no value at 2021-03-12 12:00"),
        (lambda rows: changed(rows, -3, "flow", np.inf), "plans: flow: inf, .* MW expected"),
        (lambda rows: changed(rows, 9, TIME, "noon"), "start_time: 'noon' is not a time"),
        (lambda rows: rows.drop(columns="hydro"), "missing columns hydro"),
        (lambda rows: rows.assign(price=1.0), "unexpected columns price"),
        (lambda rows: rows.iloc[::-1], "start_time: rows are not in ascending order"),
        (lambda rows: rows.assign(y=np.nan), "y: no value in any row"),
        (lambda rows: rows.iloc[3:], r"recent rows: 2,052, from .* on expected"),
    ],
)
def test_an_invalid_request_is_refused_in_one_line(trained, request_rows, spoil, message):
    with pytest.raises(TableError, match=message) as caught:
        forecast_ahead(trained, spoil(request_rows))
    assert "\n" not in str(caught.value)


def test_the_measured_rows_must_end_with_a_complete_row_of_the_model(trained, request_rows):
    quarter = replace(trained, minutes=15)
    rows = request_rows.iloc[:-1].copy()
    rows.loc[rows.index[-24], "y"] = np.nan
    with pytest.raises(TableError, match="one that ends a row of 15 minutes expected"):
        forecast_ahead(quarter, rows)
