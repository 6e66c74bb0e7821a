"""The simulated area has the statistics of the real one, and the comparison detects differences."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.schema import COLUMNS, gross_outliers
from pipelines.imbalance.simulator.area import simulate_table
from pipelines.imbalance.simulator.statistics import describe

START, ROWS = "2021-03-01 03:30", 28_136
"""Time range of the real file."""

SEEDS = 4

TABLE = pd.read_csv(Path(__file__).with_name("no1_statistics.csv"), index_col="statistic")
"""The statistics of the real file, and tolerances for the mean over the seeds.

The tolerances are about twice the difference between two simulated quarters of a year. The table
excludes the 1 % quantiles of production, which may depend on a single day of lost plans. It also
excludes the quantiles of thermal production (one plant) and of sys_reg (mostly zeros).
"""


def beyond(numbers: pd.Series) -> list[str]:
    """Return the statistics that differ too much from those of the file."""
    differences = (numbers[TABLE.index] - TABLE["no1"]).abs()
    return list(TABLE.index[~(differences <= TABLE["tolerance"])])


def mean_statistics(tables: list[pd.DataFrame]) -> pd.Series:
    return pd.DataFrame([describe(table) for table in tables]).mean()


@pytest.fixture(scope="module")
def simulated():
    return [simulate_table(START, ROWS, np.random.default_rng(seed)) for seed in range(SEEDS)]


def test_the_simulated_area_is_calibrated_against_the_real_one(simulated):
    mean = mean_statistics(simulated)
    print(TABLE.assign(simulated=mean[TABLE.index]).round(3).to_string())
    assert beyond(mean) == []
    left_out = r"(thermal|sys_reg) quantile .*|(hydro|micro|total) quantile 1%"
    assert all(re.fullmatch(left_out, name) for name in mean.index.difference(TABLE.index))


def test_the_statistics_of_the_real_area_are_those_of_the_file(real_table):
    assert (str(real_table.index[0])[:16], len(real_table)) == (START, ROWS)
    np.testing.assert_allclose(describe(real_table)[TABLE.index], TABLE["no1"], atol=6e-5)


def subdued(table):
    return table.assign(y=table["y"].where(gross_outliers(table), 0.6 * table["y"]))


def blurred(table):
    return table.assign(y=table["y"].rolling(3, min_periods=1).mean())


def plans_an_hour_late(table):
    return table.assign(**{name: table[name].shift(12).bfill() for name in ("total", "flow")})


def restless(table):
    return table.assign(y=table["y"] + np.random.default_rng(0).normal(0, 15, len(table)))


@pytest.mark.parametrize(
    ("spoil", "noticed"),
    [
        (subdued, "y std"),
        (blurred, "mean |Δy| at minute 0"),
        (plans_an_hour_late, "correlation of Δstructural with Δy"),
        (restless, "residual autocorrelation 1"),
        (lambda table: table.assign(wind=table["wind"].mean()), "wind std"),
        (lambda table: table.assign(sys_reg=0.0), "regulated rows"),
    ],
)
def test_an_area_unlike_the_real_one_is_detected(simulated, spoil, noticed):
    assert noticed in beyond(mean_statistics([spoil(table) for table in simulated]))


def test_statistics_of_a_simple_series_match_their_closed_form():
    rng = np.random.default_rng(0)
    times = pd.date_range("2021-03-01", periods=120_000, freq="5min", name="start_time")
    y = np.zeros(len(times))
    shocks = rng.normal(0, 10, len(times))
    for row in range(1, len(y)):
        y[row] = 0.9 * y[row - 1] + shocks[row]
    table = pd.DataFrame(1000.0, times, list(COLUMNS)).assign(y=y, flow=0.0, sys_reg=0.0)
    table.iloc[[500, 60_000], table.columns.get_loc("y")] = [-56_000, 1_600]
    numbers = describe(table)
    assert numbers["y std"] == pytest.approx(10 / np.sqrt(1 - 0.81), rel=0.02)
    assert numbers["y quantile 95%"] == pytest.approx(1.645 * numbers["y std"], rel=0.03)
    assert numbers["y autocorrelation 6"] == pytest.approx(0.9**6, abs=0.02)
    change = 10 * np.sqrt(2 / 1.9)
    assert numbers["Δy std"] == pytest.approx(change, rel=0.02)
    assert numbers["mean |Δy| at minute 35"] == pytest.approx(change * np.sqrt(2 / np.pi), rel=0.05)
    assert numbers["structural std"] == 0
    assert numbers["gross outliers"] == 2 / 120_000
    assert numbers["regulated rows"] == 0
    assert gross_outliers(table).to_numpy().nonzero()[0].tolist() == [500, 60_000]
