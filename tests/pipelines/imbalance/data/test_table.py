"""CSV files become one valid table, or an error that names the line or the time of the fault."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.imbalance.data.gaps import LONGEST_FILL, Repairs, fill_gaps
from pipelines.imbalance.data.schema import COLUMNS, LIMITS, TableError, check_table
from pipelines.imbalance.data.table import read_tables


@pytest.fixture
def write(tmp_path):
    def write_file(table, name="area.csv", **options):
        path = tmp_path / name
        table.to_csv(path, **options)
        return path

    return write_file


def read(path):
    return read_tables([path])[0]


def test_a_file_is_read_to_the_last_digit(table, write):
    read_back, repairs = read_tables([write(table)])
    pd.testing.assert_frame_equal(read_back, table)
    assert repairs == Repairs()
    assert str(repairs) == "nothing repaired"


def test_line_endings_a_bom_empty_lines_column_order_and_offsets_have_no_effect(table, write):
    path = write(table)
    lines = path.read_bytes().replace(b"\n", b"\r\n").split(b"\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join([*lines[:5], b"", *lines[5:], b""]))
    pd.testing.assert_frame_equal(read(path), table)
    shuffled = table.tz_localize("UTC").tz_convert("Europe/Oslo").iloc[:, ::-1]
    pd.testing.assert_frame_equal(read(write(shuffled)), table)


def test_files_in_any_order_make_one_table_with_shared_rows_once(table, write):
    paths = [write(table[20:], "b.csv"), write(table[:10], "c.csv"), write(table[10:20], "a.csv")]
    pd.testing.assert_frame_equal(read_tables(paths)[0], table)
    with pytest.raises(TableError, match="at least one expected"):
        read_tables([])
    read_back, repairs = read_tables([write(table[:20], "a.csv"), write(table[15:], "b.csv")])
    pd.testing.assert_frame_equal(read_back, table)
    assert repairs == Repairs(repeated_rows=5)
    assert str(repairs) == "5 rows of overlapping files kept once"


def test_overlapping_files_with_different_values_are_refused(table, write):
    other = table[15:].copy()
    other.iloc[2, 6] += 0.5
    other.iloc[4, 8] = np.nan
    message = (
        r"b\.csv: y: 718\.375 in line 4, but 717\.875 in line 19 of .*a\.csv, both at "
        r"2021-03-27 23:55:00; 2 such rows"
    )
    with pytest.raises(TableError, match=message):
        read_tables([write(table[:20], "a.csv"), write(other, "b.csv")])


def test_short_gaps_take_the_last_known_values_and_are_counted(table, write):
    gappy = table.drop(table.index[10:13]).copy()
    gappy.iloc[5, 6] = np.nan
    expected = table.copy()
    expected.iloc[10:13] = table.iloc[9]
    expected.iloc[5, 6] = table.iloc[4, 6]
    read_back, repairs = read_tables([write(gappy)])
    pd.testing.assert_frame_equal(read_back, expected)
    counts = {"repeated_rows": 0, "filled_rows": 3, "filled_values": 1, "longest_fill": 3}
    assert repairs.to_metrics() == counts
    assert str(repairs) == (
        "3 missing rows and 1 empty cells filled with the last known values, at most 3 steps in a "
        "row (2021-03-27 22:55:00, 2021-03-27 23:20:00, 2021-03-27 23:25:00 and 1 more)"
    )


@settings(max_examples=25)
@given(st.sets(st.integers(1, 34)), st.integers(5, 35))
def test_filled_values_do_not_depend_on_later_values(missing, end):
    times = pd.date_range("2021-03-01", periods=36, freq="5min", name="start_time")
    values = np.random.default_rng(0).uniform(1, 9, (36, 9))
    whole = pd.DataFrame(values, times, list(COLUMNS))
    gappy = whole.drop(times[sorted(missing)])
    try:
        filled, _ = fill_gaps(gappy)
    except TableError:
        return
    prefix, _ = fill_gaps(gappy[: times[end]])
    pd.testing.assert_frame_equal(prefix, filled[: prefix.index[-1]], check_freq=False)


@pytest.mark.parametrize("rows", [False, True])
def test_a_gap_is_filled_up_to_the_maximum_length(table, write, rows):
    def without(count):
        gone = table.index[10 : 10 + count]
        return table.drop(gone) if rows else table.assign(y=table["y"].mask(table.index.isin(gone)))

    assert read_tables([write(without(LONGEST_FILL))])[1].longest_fill == LONGEST_FILL
    first = "hydro" if rows else "y"
    message = (
        rf"area\.csv, line 11: {first}: no value between 2021-03-27 23:15:00 and "
        "2021-03-27 23:55:00, at most 6 missing steps can be filled$"
    )
    with pytest.raises(TableError, match=message):
        read_tables([write(without(LONGEST_FILL + 1))])


def test_a_gap_between_files_names_the_file_before_it(table, write):
    with pytest.raises(TableError, match=r"a\.csv, line 11: hydro: no value between .* 23:15:00"):
        read_tables([write(table[:10], "a.csv"), write(table[20:], "b.csv")])


def test_a_missing_first_value_is_never_filled_but_a_short_gap_at_the_end_is(table, write):
    def without(missing):
        return write(table.assign(wind=table["wind"].mask(missing(np.arange(36)))))

    with pytest.raises(TableError, match=r"line 2: wind: no value, and none before it"):
        read(without(lambda row: row < 1))
    with pytest.raises(TableError, match=r"wind: no value between 2021-03-28 00:45:00 and the end"):
        read(without(lambda row: row > 27))
    times = "2021-03-28 01:05:00, 2021-03-28 01:10:00, 2021-03-28 01:15:00 and 2 more"
    assert read_tables([without(lambda row: row > 30)])[1] == Repairs(0, 0, 5, 5, times)


def replaced(old, new):
    return lambda content: content.replace(old, new, 1)


FAULTS = {
    "empty": (lambda c: b"", "no complete line"),
    "header alone": (lambda c: c.split(b"\n")[0] + b"\n", "a header and no rows"),
    "cut in a line": (
        lambda c: c[:1500],
        r"the last line, \d+, does not end with a newline: the file may be cut",
    ),
    "cut in the last number": (lambda c: c[:-3], "the last line, 37, does not end with a newline"),
    "short line": (replaced(b",702.875", b""), "9 fields where the header has 10, in line 4$"),
    "long line": (replaced(b"702.875", b"702,875"), "11 fields where the header has 10, in line 4"),
    "missing": (replaced(b"wind", b"wnd"), "missing columns wind; start_time, hydro"),
    "unexpected": (
        lambda c: b"".join(line + b",1\n" for line in c.splitlines()).replace(b"flow,1", b"flow,z"),
        "unexpected columns z; start_time",
    ),
    "column twice": (
        lambda c: b"".join(line + b",y\n" for line in c.splitlines()),
        r"unexpected columns y\.1; start_time",
    ),
    "not a number": (replaced(b"702.875", b"7o2.8"), "y: '7o2.8' is not a number, in line 4$"),
    "not a time": (
        replaced(b"2021-03-27 22:40", b"27.03.2021 22:40"),
        "start_time: '27.03.2021 22:40:00' is not a time, in line 4$",
    ),
    "only commas": (lambda c: c + b",,,,,,,,,\n", "start_time: '' is not a time, in line 38$"),
    "infinite": (replaced(b"702.875", b"inf"), "y: inf, -100,000 to 100,000 .*, in line 4$"),
    "twice": (
        replaced(b"2021-03-27 22:45", b"2021-03-27 22:40"),
        "start_time: 2021-03-27 22:40:00, a time after the row before it expected, in line 5$",
    ),
    "not text": (replaced(b"702.875", b"\xff\xfe"), "not a CSV file: .*decode"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_file_is_named_in_one_line(table, write, fault):
    spoil, message = FAULTS[fault]
    path = write(table)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(TableError, match=rf"area\.csv: {message}") as error:
        read(path)
    assert "\n" not in str(error.value)


def test_any_cut_of_a_file_is_detected_except_at_the_end_of_a_line(table, write):
    path = write(table[:4])
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        if content[:length].endswith(b"\n") and content[:length].count(b"\n") > 1:
            pd.testing.assert_frame_equal(read(path), table[: content[:length].count(b"\n") - 1])
        else:
            with pytest.raises(TableError):
                read(path)


def test_a_complete_table_passes_and_plans_pass_where_only_plans_are_required(table):
    check_table(table)
    plans = [name for name in COLUMNS if name not in ("y", "sys_reg")]
    check_table(table[plans], columns=plans)
    with pytest.raises(TableError, match=r"^request: missing columns y, sys_reg; start_time"):
        check_table(table[plans], source="request")


def broken(table, row, column, value):
    table.iloc[row, table.columns.get_loc(column)] = value
    return table


FAULTS_OF_TABLES = {
    "empty": (lambda t: t.iloc[:0], "index: 0 rows of 'start_time', at least one"),
    "unnamed": (lambda t: t.rename_axis("time"), "index: 36 rows of 'time'"),
    "numbered": (lambda t: t.reset_index(drop=True), "index: int64, timestamps in UTC"),
    "zoned": (lambda t: t.tz_localize("Europe/Oslo"), "index: datetime64.us, Europe/Oslo., timest"),
    "missing": (lambda t: t.drop(columns=["wind", "y"]), "missing columns wind, y; start_time,"),
    "unexpected": (lambda t: t.assign(price=1.0), "unexpected columns price; start_time, hydro"),
    "order": (lambda t: t[["y", *t.columns.drop("y")]], "columns: y, hydro, .* the order hydro, "),
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


@pytest.mark.parametrize("fault", FAULTS_OF_TABLES)
def test_a_fault_in_a_table_is_named_in_one_line(table, fault):
    spoil, message = FAULTS_OF_TABLES[fault]
    with pytest.raises(TableError, match=f"^table: {message}") as error:
        check_table(spoil(table))
    assert "\n" not in str(error.value)


def test_the_real_table_is_well_within_the_limits(real_table):
    check_table(real_table)
    assert len(real_table) == 28_136
    for name, (least, greatest) in LIMITS.items():
        assert least <= real_table[name].min()
        assert 1.5 * real_table[name].max() <= greatest
    assert real_table["y"].min() < -56_000
