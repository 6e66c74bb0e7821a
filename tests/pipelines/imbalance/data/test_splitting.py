"""The parts of a table are disjoint, in order and complete."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.imbalance.data.splitting import split_by_fractions, split_by_times


def rows(count):
    times = pd.date_range("2021-03-01", periods=count, freq="5min", name="start_time")
    return pd.DataFrame({"y": np.arange(count, dtype=float)}, times)


def assert_parts(split, table):
    parts = [split.train, split.validation, split.test]
    assert all(len(part) for part in parts)
    assert split.train.index[-1] < split.validation.index[0]
    assert split.validation.index[-1] < split.test.index[0]
    pd.testing.assert_frame_equal(pd.concat(parts), table, check_freq=False)


@given(st.integers(20, 3000), st.integers(1, 18), st.integers(1, 18))
def test_fractions_of_time_give_disjoint_ordered_complete_parts(count, train, validation):
    if train + validation >= 20:
        train, validation = 20 - validation, 20 - train
    if train + validation >= 20:
        return
    table = rows(count)
    split = split_by_fractions(table, train / 20, validation / 20)
    assert_parts(split, table)
    # Integers are the reference: floor(count * train / 20) without rounding.
    assert len(split.train) == count * train // 20
    assert len(split.train) + len(split.validation) == count * (train + validation) // 20


@given(st.integers(1, 98), st.integers(1, 98))
def test_moments_give_disjoint_ordered_complete_parts(first, second):
    table = rows(100)
    if first >= second:
        with pytest.raises(ValueError, match="in this order and within the table"):
            split_by_times(table, table.index[first], table.index[second])
        return
    split = split_by_times(table, table.index[first], str(table.index[second]))
    assert_parts(split, table)
    assert split.validation.index[0] == table.index[first]
    assert split.test.index[0] == table.index[second]


def test_moments_off_the_clock_and_with_an_offset_are_understood():
    table = rows(100)
    split = split_by_times(table, "2021-03-01 00:31:07", "2021-03-01T02:00+01:00")
    assert_parts(split, table)
    assert split.validation.index[0] == pd.Timestamp("2021-03-01 00:35")
    assert split.test.index[0] == pd.Timestamp("2021-03-01 01:00")


@pytest.mark.parametrize(
    ("count", "train", "validation", "message"),
    [
        (
            100,
            0.8,
            0.2,
            "train, validation: 0.8, 0.2, positive fractions below 1 together expected",
        ),
        (100, 0, 0.2, "positive fractions"),
        (100, 0.5, -0.2, "positive fractions"),
        (100, float("nan"), 0.2, "positive fractions"),
        (3, 0.1, 0.5, "table: 3 rows, enough for 0.1 to train"),
        (0, 0.5, 0.2, "table: 0 rows"),
    ],
)
def test_impossible_fractions_are_refused(count, train, validation, message):
    with pytest.raises(ValueError, match=message):
        split_by_fractions(rows(count), train, validation)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("soon", "2021-03-01 01:00", "validation_start: 'soon', a time such as"),
        ("2021-03-01 01:00", "", "test_start: '', a time such as"),
        ("2021-03-01", "2021-03-01 01:00", "after 2021-03-01 00:00:00 and not after"),
        ("2021-03-01 01:00", "2021-03-02", "within the table"),
        ("2021-03-01 01:01", "2021-03-01 01:04", "a row between the two expected"),
    ],
)
def test_impossible_moments_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        split_by_times(rows(100), first, second)
