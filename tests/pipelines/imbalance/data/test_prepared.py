"""A series is split completely and in order, and saved and loaded without change."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.checksums import write_checksums
from pipelines.imbalance.data.parquet_file import read_table, write_rows, write_table
from pipelines.imbalance.data.prepared import Prepared, read_prepared, write_prepared
from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.data.splitting import split_by_fractions, split_by_times
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.simulator.area import simulate_table


@pytest.fixture(scope="module")
def series():
    return simulate_table("2021-03-01", 288 * 14, np.random.default_rng(3))


@pytest.fixture
def prepared(series):
    return Prepared.of(split_by_fractions(series, 0.7, 0.15))


@pytest.mark.parametrize("minutes", [5, 15])
def test_a_saved_table_is_loaded_unchanged_and_its_bytes_are_deterministic(
    series, tmp_path, minutes
):
    table = at_resolution(series, minutes)
    for name in ("first", "second"):
        write_table(table.copy(), tmp_path / name)
    pd.testing.assert_frame_equal(read_table(tmp_path / "first"), table, check_freq=False)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_file_that_is_cut_or_has_other_content_is_refused(series, tmp_path):
    file = tmp_path / "table.parquet"
    write_table(series, file)
    content = file.read_bytes()
    for damaged in (b"", content[: len(content) // 2], content[: len(content) - 9]):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"table\.parquet: not a table of the area"):
            read_table(file)
    for write, message in (
        (lambda: series.to_parquet(file), "it has no SHA-256 sum"),
        (lambda: write_rows(series.drop(columns="wind"), file), "columns hydro, micro, thermal, r"),
        (lambda: write_rows(series.drop(index=series.index[9]), file), "minutes between rows"),
    ):
        write()
        with pytest.raises(ValueError, match=message):
            read_table(file)
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "nowhere.parquet")


def test_a_prepared_series_is_loaded_with_its_split(prepared, tmp_path):
    write_prepared(prepared, tmp_path)
    loaded = read_prepared(tmp_path)
    pd.testing.assert_frame_equal(loaded.table, prepared.table, check_freq=False)
    times = prepared.validation_start, prepared.test_start
    assert (loaded.validation_start, loaded.test_start) == times


@pytest.mark.parametrize(
    "moments",
    [
        {"validation_start": "2021-03-10"},
        {"validation_start": "2021-03-12", "test_start": "2021-03-10"},
        {"validation_start": "2021-03-10", "test_start": "2022-01-01"},
        {"validation_start": "yesterday", "test_start": "2021-03-12"},
        ["2021-03-10", "2021-03-12"],
    ],
)
def test_an_impossible_split_is_refused(prepared, tmp_path, moments):
    write_prepared(prepared, tmp_path)
    (tmp_path / "split.json").write_text(json.dumps(moments))
    write_checksums(tmp_path)
    with pytest.raises(ValueError, match=r"split\.json: not a split"):
        read_prepared(tmp_path)


def test_no_step_of_one_split_lies_in_another(prepared):
    limits = fit_limits(prepared.training_rows["y"].to_numpy())
    features = make_features(prepared.table, limits, residual=True)
    origins = split_origins(prepared, features)
    times = features.times
    steps = {name: times[features.ahead(rows).ravel()] for name, rows in vars(origins).items()}
    assert steps["training"].max() < prepared.validation_start <= steps["validation"].min()
    assert steps["validation"].max() < prepared.test_start <= steps["test"].min()
    assert steps["test"].max() == times[-1]
    assert len(origins.test) == len(times[times >= prepared.test_start]) - 23
    last = prepared.training_rows.index[-1]
    assert last == prepared.validation_start - pd.Timedelta(minutes=5)


def rows(count):
    times = pd.date_range("2021-03-01", periods=count, freq="5min", name="start_time")
    return pd.DataFrame({"y": np.arange(count, dtype=float)}, times)


def assert_splits(split, table):
    tables = [split.train, split.validation, split.test]
    assert all(len(rows_of_split) for rows_of_split in tables)
    assert split.train.index[-1] < split.validation.index[0]
    assert split.validation.index[-1] < split.test.index[0]
    pd.testing.assert_frame_equal(pd.concat(tables), table, check_freq=False)


@given(st.integers(20, 3000), st.integers(1, 18), st.integers(1, 18))
def test_fractions_give_disjoint_ordered_complete_splits(count, train, validation):
    if train + validation >= 20:
        train, validation = 20 - validation, 20 - train
    if train + validation >= 20:
        return
    table = rows(count)
    split = split_by_fractions(table, train / 20, validation / 20)
    assert_splits(split, table)
    # Integers are the reference: floor(count * train / 20) without rounding.
    assert len(split.train) == count * train // 20
    assert len(split.train) + len(split.validation) == count * (train + validation) // 20


@given(st.integers(1, 98), st.integers(1, 98))
def test_times_give_disjoint_ordered_complete_splits(first, second):
    table = rows(100)
    if first >= second:
        with pytest.raises(ValueError, match="in this order and within the table"):
            split_by_times(table, table.index[first], table.index[second])
        return
    split = split_by_times(table, table.index[first], str(table.index[second]))
    assert_splits(split, table)
    assert split.validation.index[0] == table.index[first]
    assert split.test.index[0] == table.index[second]


def test_times_between_rows_and_with_an_offset_are_accepted():
    table = rows(100)
    split = split_by_times(table, "2021-03-01 00:31:07", "2021-03-01T02:00+01:00")
    assert_splits(split, table)
    assert split.validation.index[0] == pd.Timestamp("2021-03-01 00:35")
    assert split.test.index[0] == pd.Timestamp("2021-03-01 01:00")


@pytest.mark.parametrize(
    ("count", "train", "validation", "message"),
    [
        (100, 0.8, 0.2, "train, validation: 0.8, 0.2, positive fractions below 1 together"),
        (100, 0, 0.2, "positive fractions"),
        (100, 0.5, -0.2, "positive fractions"),
        (100, float("nan"), 0.2, "positive fractions"),
        (3, 0.1, 0.5, "table: 3 rows, enough for 0.1 to train"),
        (0, 0.5, 0.2, "table: 0 rows"),
    ],
)
def test_invalid_fractions_are_refused(count, train, validation, message):
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
def test_invalid_times_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        split_by_times(rows(100), first, second)
