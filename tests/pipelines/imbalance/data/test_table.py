"""CSV files become one table, or an error that a person finds in the file."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.imbalance.data.gaps import LONGEST_FILL, Repairs, fill_gaps
from pipelines.imbalance.data.schema import TableError
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


def test_columns_may_come_in_any_order_and_times_with_an_offset(table, write):
    shuffled = table.tz_localize("UTC").tz_convert("Europe/Oslo").iloc[:, ::-1]
    pd.testing.assert_frame_equal(read(write(shuffled)), table)


def test_line_ends_of_windows_a_byte_order_mark_and_empty_lines_change_nothing(table, write):
    path = write(table)
    lines = path.read_bytes().replace(b"\n", b"\r\n").split(b"\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join([*lines[:5], b"", *lines[5:], b""]))
    pd.testing.assert_frame_equal(read(path), table)


def test_files_in_any_order_make_one_table(table, write):
    paths = [write(table[20:], "b.csv"), write(table[:10], "c.csv"), write(table[10:20], "a.csv")]
    pd.testing.assert_frame_equal(read_tables(paths)[0], table)


def test_rows_that_files_share_are_kept_once_and_counted(table, write):
    read_back, repairs = read_tables([write(table[:20], "a.csv"), write(table[15:], "b.csv")])
    pd.testing.assert_frame_equal(read_back, table)
    assert repairs == Repairs(repeated_rows=5)
    assert str(repairs) == "5 rows of overlapping files kept once"


def test_files_that_contradict_each_other_are_refused(table, write):
    other = table[15:].copy()
    other.iloc[2, 6] += 0.5
    other.iloc[4, 8] = np.nan
    message = (
        r"b\.csv: y: 718\.375 in line 4, but 717\.875 in line 19 of .*a\.csv, both of "
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
    assert repairs.to_metrics() == {
        "repeated_rows": 0,
        "filled_rows": 3,
        "filled_values": 1,
        "longest_fill": 3,
    }
    assert str(repairs) == (
        "3 missing rows and 1 empty cells filled with the last known values, at most 3 steps in a "
        "row (2021-03-27 22:55:00, 2021-03-27 23:20:00, 2021-03-27 23:25:00 and 1 more)"
    )


@settings(max_examples=25)
@given(st.sets(st.integers(1, 34)), st.integers(5, 35))
def test_what_is_filled_does_not_depend_on_what_comes_later(missing, end):
    times = pd.date_range("2021-03-01", periods=36, freq="5min", name="start_time")
    whole = pd.DataFrame(
        np.random.default_rng(0).uniform(1, 9, (36, 9)),
        times,
        ["hydro", "micro", "thermal", "wind", "river", "total", "y", "sys_reg", "flow"],
    )
    gappy = whole.drop(times[sorted(missing)])
    try:
        filled, _ = fill_gaps(gappy)
    except TableError:
        return
    prefix, _ = fill_gaps(gappy[: times[end]])
    pd.testing.assert_frame_equal(prefix, filled[: prefix.index[-1]], check_freq=False)


@pytest.mark.parametrize("rows", [False, True])
def test_the_longest_gap_that_may_be_filled_is_and_the_next_is_not(table, write, rows):
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


def test_nothing_stands_in_for_a_first_value_nor_endlessly_for_the_last(table, write):
    with pytest.raises(TableError, match=r"line 2: wind: no value, and none before it"):
        read(write(table.assign(wind=table["wind"].mask(np.arange(36) < 1))))
    with pytest.raises(TableError, match=r"wind: no value between 2021-03-28 00:45:00 and the end"):
        read(write(table.assign(wind=table["wind"].mask(np.arange(36) > 27))))
    assert read_tables([write(table.assign(wind=table["wind"].mask(np.arange(36) > 30)))])[
        1
    ] == Repairs(
        0, 0, 5, 5, "2021-03-28 01:05:00, 2021-03-28 01:10:00, 2021-03-28 01:15:00 and 2 more"
    )


def replaced(old, new):
    return lambda content: content.replace(old, new, 1)


FAULTS = {
    "empty": (lambda c: b"", "no whole line"),
    "header alone": (lambda c: c.split(b"\n")[0] + b"\n", "a header and no rows"),
    "cut in a line": (lambda c: c[:1500], r"the last line, \d+, is not ended: the file may be cut"),
    "cut in the last number": (lambda c: c[:-3], "the last line, 37, is not ended"),
    "short line": (replaced(b",702.875", b""), "9 fields where the header has 10, in line 4$"),
    "long line": (
        replaced(b"702.875", b"702,875"),
        "11 fields where the header has 10, in line 4$",
    ),
    "missing": (replaced(b"wind", b"wnd"), "missing columns wind; start_time, hydro"),
    "surplus": (
        lambda c: b"".join(line + b",1\n" for line in c.splitlines()).replace(b"flow,1", b"flow,z"),
        "surplus columns z; start_time",
    ),
    "column twice": (
        lambda c: b"".join(line + b",y\n" for line in c.splitlines()),
        r"surplus columns y\.1; start_time",
    ),
    "not a number": (replaced(b"702.875", b"7o2.8"), "y: '7o2.8' is no number, in line 4$"),
    "not a time": (
        replaced(b"2021-03-27 22:40", b"27.03.2021 22:40"),
        "start_time: '27.03.2021 22:40:00' is no time, in line 4$",
    ),
    "no time": (replaced(b"2021-03-27 22:40:00", b""), "start_time: '' is no time, in line 4$"),
    "only commas": (lambda c: c + b",,,,,,,,,\n", "start_time: '' is no time, in line 38$"),
    "infinite": (
        replaced(b"702.875", b"inf"),
        "y: inf, -100,000 to 100,000 MW expected, in line 4$",
    ),
    "absurd": (replaced(b",702.875", b",7e9"), "y: 7000000000.0, -100,000 to 100,000 MW expected"),
    "twice": (
        replaced(b"2021-03-27 22:45", b"2021-03-27 22:40"),
        "start_time: 2021-03-27 22:40:00, a time after the row before it expected, in line 5$",
    ),
    "unordered": (
        replaced(b"2021-03-27 22:45", b"2021-03-27 21:40"),
        "start_time: 2021-03-27 21:40:00, a time after the row before it expected, in line 5$",
    ),
    "off the clock": (
        replaced(b"2021-03-27 22:45:00", b"2021-03-27 22:46:30"),
        "start_time: 2021-03-27 22:46:30, a multiple of 5 minutes expected, in line 5$",
    ),
    "not text": (replaced(b"702.875", b"\xff\xfe"), "no CSV file: .*decode"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_file_is_named_in_one_line(table, write, fault):
    spoil, message = FAULTS[fault]
    path = write(table)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(TableError, match=rf"area\.csv: {message}") as error:
        read(path)
    assert "\n" not in str(error.value)


def test_without_files_there_is_no_table():
    with pytest.raises(TableError, match="at least one expected"):
        read_tables([])


def test_any_cut_of_a_file_is_noticed_but_one_at_the_end_of_a_line(table, write):
    path = write(table[:4])
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        if content[:length].endswith(b"\n") and content[:length].count(b"\n") > 1:
            pd.testing.assert_frame_equal(read(path), table[: content[:length].count(b"\n") - 1])
        else:
            with pytest.raises(TableError):
                read(path)
