"""A prepared series comes back as it was written, and a damaged one is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from pipelines.checksums import write_checksums
from pipelines.imbalance.data.parquet_file import read_table, write_rows, write_table
from pipelines.imbalance.data.prepared import Prepared, read_prepared, write_prepared
from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.data.splitting import split_by_fractions
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


def test_a_table_comes_back_as_it_was_written(series, tmp_path):
    for minutes in (5, 15):
        table = at_resolution(series, minutes)
        write_table(table, tmp_path / "table.parquet")
        pd.testing.assert_frame_equal(
            read_table(tmp_path / "table.parquet"), table, check_freq=False
        )


def test_the_same_table_gives_the_same_bytes(series, tmp_path):
    for name in ("first", "second"):
        write_table(series.copy(), tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_file_that_is_cut_or_holds_something_else_is_refused(series, tmp_path):
    file = tmp_path / "table.parquet"
    write_table(series, file)
    content = file.read_bytes()
    for damaged in (b"", content[: len(content) // 2], content[: len(content) - 9]):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"table\.parquet: no table of the area"):
            read_table(file)
    series.to_parquet(file)
    with pytest.raises(ValueError, match="it holds no SHA-256 sum"):
        read_table(file)
    write_rows(series.drop(columns="wind"), file)
    with pytest.raises(ValueError, match="columns hydro, micro, thermal, river"):
        read_table(file)
    write_rows(series.drop(index=series.index[9]), file)
    with pytest.raises(ValueError, match="minutes between rows"):
        read_table(file)
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "nowhere.parquet")


def test_a_prepared_series_comes_back_with_its_split(prepared, tmp_path):
    write_prepared(prepared, tmp_path)
    found = read_prepared(tmp_path)
    pd.testing.assert_frame_equal(found.table, prepared.table, check_freq=False)
    assert found.validation_start == prepared.validation_start
    assert found.test_start == prepared.test_start


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
def test_a_split_that_makes_no_sense_is_refused(prepared, tmp_path, moments):
    write_prepared(prepared, tmp_path)
    (tmp_path / "split.json").write_text(json.dumps(moments))
    write_checksums(tmp_path)
    with pytest.raises(ValueError, match=r"split\.json: no split"):
        read_prepared(tmp_path)


def test_no_step_of_one_part_lies_in_another(prepared):
    limits = fit_limits(prepared.training_rows["y"].to_numpy())
    features = make_features(prepared.table, limits, altered=True)
    origins = split_origins(prepared, features)
    times = features.times
    steps = {name: times[features.ahead(rows).ravel()] for name, rows in vars(origins).items()}
    assert steps["training"].max() < prepared.validation_start <= steps["validation"].min()
    assert steps["validation"].max() < prepared.test_start <= steps["test"].min()
    assert steps["test"].max() == times[-1]
    assert len(origins.test) == len(times[times >= prepared.test_start]) - 23


def test_training_rows_end_where_validation_begins(prepared):
    last = prepared.training_rows.index[-1]
    assert last == prepared.validation_start - pd.Timedelta(minutes=5)
