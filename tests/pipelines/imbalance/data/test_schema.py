"""A table that cannot be computed with is refused, and its first fault named."""

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.schema import COLUMNS, LIMITS, TableError, check_table


def test_a_whole_table_passes(table):
    check_table(table)


def test_the_real_table_passes(real_table):
    check_table(real_table)
    assert len(real_table) == 28_136


def test_plans_alone_pass_where_plans_are_expected(table):
    plans = [name for name in COLUMNS if name not in ("y", "sys_reg")]
    check_table(table[plans], columns=plans)
    with pytest.raises(TableError, match=r"^request: missing columns y, sys_reg; start_time"):
        check_table(table[plans], source="request")


def broken(table, row, column, value):
    table.iloc[row, table.columns.get_loc(column)] = value
    return table


FAULTS = {
    "empty": (lambda t: t.iloc[:0], "index: 0 rows of 'start_time', at least one"),
    "unnamed": (lambda t: t.rename_axis("time"), "index: 36 rows of 'time'"),
    "numbered": (lambda t: t.reset_index(drop=True), "index: int64, timestamps in UTC"),
    "zoned": (lambda t: t.tz_localize("Europe/Oslo"), "index: datetime64.us, Europe/Oslo., timest"),
    "missing": (
        lambda t: t.drop(columns=["wind", "y"]),
        "missing columns wind, y; start_time, hyd",
    ),
    "surplus": (lambda t: t.assign(price=1.0), "surplus columns price; start_time, hydro"),
    "order": (
        lambda t: t[["y", *t.columns.drop("y")]],
        "columns: y, hydro, .* the order hydro, mic",
    ),
    "integer": (lambda t: t.astype({"y": int}), r"y: int64, dtype\('float64'\) expected"),
    "text": (lambda t: t.astype({"flow": str}), r"flow: str, dtype\('float64'\) expected"),
    "nan": (
        lambda t: broken(t, slice(3, 9), "y", np.nan),
        "y: no value at 2021-03-27 22:45:00, at .* 22:50:00, at .* 22:55:00 and 3 more",
    ),
    "infinite": (
        lambda t: broken(t, 3, "y", -np.inf),
        "y: -inf, -100,000 to 100,000 MW expected, at 2021-03-27 22:45:00$",
    ),
    "absurd": (lambda t: broken(t, 0, "micro", -1e-3), "micro: -0.001, 0 to 50,000 MW expected"),
    "gap": (
        lambda t: t.drop(t.index[[7, 20]]),
        "start_time: 2 gaps, the first between 2021-03-27 23:00:00 and 2021-03-27 23:10:00, 5 min",
    ),
    "twice": (
        lambda t: t.iloc[[0, 1, 1, 2]],
        "start_time: 2021-03-27 22:35:00, a time after the row before it expected, at",
    ),
    "descending": (
        lambda t: t.iloc[::-1],
        "start_time: 2021-03-28 01:20:00, a time after the row before it expected, .* 32 more",
    ),
    "off the clock": (
        lambda t: t.set_axis(t.index + pd.Timedelta("1s")),
        "start_time: 2021-03-27 22:30:01, a multiple of 5 minutes expected, at .* 33 more",
    ),
    "no time": (lambda t: t.set_axis(t.index.where(t.index != t.index[4])), "start_time: no value"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_in_one_line(table, fault):
    spoil, message = FAULTS[fault]
    with pytest.raises(TableError, match=f"^table: {message}") as error:
        check_table(spoil(table))
    assert "\n" not in str(error.value)


def test_limits_hold_every_real_number_with_room_to_spare(real_table):
    for name, (least, greatest) in LIMITS.items():
        assert least <= real_table[name].min()
        assert 1.5 * real_table[name].max() <= greatest
    assert real_table["y"].min() < -56_000
