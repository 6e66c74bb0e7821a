"""Whatever stands in a CSV file, it is read as it stands or refused in one line."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.imbalance.schema import COLUMNS, TIME, TableError, check_table
from pipelines.imbalance.table import read_tables

START = pd.Timestamp("2021-03-27 22:30")
ROWS = 30

many = settings(
    max_examples=70,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def rows() -> list[list[str]]:
    """The cells of a good file, the header first."""
    times = pd.date_range(START, periods=ROWS, freq="5min").strftime("%Y-%m-%d %H:%M:%S")
    values = np.arange(ROWS)[:, None] + np.arange(1, 10) * 100.125
    body = [[time, *map(str, line)] for time, line in zip(times, values.tolist(), strict=True)]
    return [[TIME, *COLUMNS], *body]


def as_text(cells: list[list[str]], separator: str = ",") -> str:
    return "".join(f"{separator.join(line)}\n" for line in cells)


TEXT = as_text(rows())
MISSING = {"", "#N/A", "NA", "NaN", "None", "n/a", "nan", "null", "NULL", "<NA>", "N/A", "-nan"}
"""What pandas takes for an empty cell."""

CELLS = [
    *("", " ", "-", "NA", "nan", "NaN", "null", "None", "#N/A", "inf", "-inf", "Infinity", "1e999"),
    *("1,5", "1 000", "1_000", "0x10", "12abc", "1e5", "-1e9", "99999999999999999999", "٣", "−5"),
    *('"', '""', '"1"', '"a,b"', "'1'", "=1+1", "1;2", "1\t2", "\0", "\x1a", "\x85", "\u202e"),
    *("True", "1.5.2", "--1", "+1", "1e-400", "9" * 400, "x" * 5000, "\ufeff1", "é", "\ud800"),
]
TIMES = [
    *("", "now", "2021-03-27", "2021-02-30 00:00:00", "27.03.2021 22:35", "22:35:00", "1616884500"),
    *("2021-03-27T22:35:00Z", "2021-03-27 22:35:00+25:00", "2021-03-27 22:35:00.5", "2021-W12-6"),
    *("0001-01-01 00:00:00", "9999-12-31 23:55:00", "99999-01-01 00:00:00", "-2021-03-27 22:35:00"),
    *("2021-03-27 22:36:00", "2021-03-27 24:00:00", "2021-03-27 22:60:00", "NaT", "nat", "today"),
    *("2021-03-28 02:30:00 Europe/Oslo", "2021-03-27 22:35:00+01:00", "20210327T223500", "1970"),
    *("2262-04-12 00:00:00", "1677-09-21 00:00:00", "2021-03-27 22:35:00", "2021-03-27 23:00:00"),
]


def outcome(folder: Path, content: str | bytes) -> str:
    """Read a file of this content; return the refusal, or nothing where it is read as it stands."""
    path = folder / "area.csv"
    written = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    path.write_bytes(written)
    try:
        table, _ = read_tables([path])
    except TableError as refusal:
        line = str(refusal)
        assert line.startswith(f"{path}")
        assert line.isprintable()
        assert len(line) < 1000
        return line
    finally:
        assert [file.name for file in folder.iterdir()] == ["area.csv"]
        assert path.read_bytes() == written
    check_table(table)
    lines = list(csv.reader(io.StringIO(written.decode("utf-8-sig")), skipinitialspace=True))
    header, *body = [line for line in lines if line]
    for line in body:
        row = dict(zip(header, line, strict=True))
        time = pd.to_datetime(row.pop(TIME), utc=True).tz_localize(None)
        known = {name: float(cell) for name, cell in row.items() if cell not in MISSING}
        assert table.loc[time, list(known)].to_dict() == pytest.approx(known, rel=1e-15)
    return ""


def test_what_is_mutated_is_read_before(tmp_path: Path) -> None:
    assert outcome(tmp_path, TEXT) == ""


@many
@given(
    row=st.integers(1, ROWS),
    column=st.integers(1, len(COLUMNS)),
    cell=st.sampled_from(CELLS) | st.text(max_size=12) | st.floats().map(repr),
)
def test_any_cell_is_read_as_it_stands_or_refused(
    tmp_path: Path, row: int, column: int, cell: str
) -> None:
    cells = rows()
    cells[row][column] = cell
    outcome(tmp_path, as_text(cells))


@many
@given(
    row=st.integers(1, ROWS),
    time=st.sampled_from(TIMES) | st.text(max_size=12) | st.datetimes().map(str),
)
def test_any_time_is_read_as_it_stands_or_refused(tmp_path: Path, row: int, time: str) -> None:
    cells = rows()
    cells[row][0] = time
    outcome(tmp_path, as_text(cells))


@many
@given(steps=st.lists(st.integers(1, 7) | st.integers(-1, 9), max_size=3))
def test_rows_out_of_order_or_with_a_long_gap_are_refused(tmp_path: Path, steps: list[int]) -> None:
    whole = rows()
    kept = np.cumsum([3, *steps])
    refusal = outcome(tmp_path, as_text([whole[0], *(whole[row] for row in kept)]))
    assert bool(refusal) == any(not 1 <= step <= 7 for step in steps)


@many
@given(name=st.sampled_from((TIME, *COLUMNS)), other=st.text(max_size=60))
def test_another_header_is_refused(tmp_path: Path, name: str, other: str) -> None:
    cells = rows()
    cells[0][cells[0].index(name)] = other
    assert other.strip() == name or outcome(tmp_path, as_text(cells))


@many
@given(
    start=st.integers(0, len(TEXT)),
    length=st.integers(0, 60),
    content=st.binary(max_size=12)
    | st.sampled_from([b'"', b"\n", b"\r", b",", b"\n\n", b"\0", b"\xef\xbb\xbf", b'"\n"', b";"]),
)
def test_any_bytes_anywhere_are_read_as_they_stand_or_refused(
    tmp_path: Path, start: int, length: int, content: bytes
) -> None:
    whole = TEXT.encode()
    outcome(tmp_path, whole[:start] + content + whole[start + length :])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "cp037"])
def test_another_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    assert outcome(tmp_path, TEXT.encode(encoding))


@pytest.mark.parametrize("separator", [";", "\t", "|", " ", ", ,"])
def test_another_separator_is_refused(tmp_path: Path, separator: str) -> None:
    assert outcome(tmp_path, as_text(rows(), separator))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\n", b"\n\n\n", b"\0" * 1000, b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b",\n,\n"),
        *(
            b'"\n',
            b'"\n"\n',
            b"x" * 100_000 + b"\n",
            b"<html>404</html>\n" * 5,
            b"PK\3\4\n\xff\xfe\n",
        ),
        as_text([line * 50 for line in rows()]),
        as_text(rows()[:1]),
        as_text(rows()[1:]),
        as_text(rows()[:1] + rows()),
        as_text([*rows()[:20], ["2121" + rows()[20][0][4:], *rows()[20][1:]]]),
        TEXT.replace("\n", "\r"),
        TEXT.replace("\n", ",\n"),
        TEXT.replace("101.125", '"101\n.125"'),
        "# a comment\n" + TEXT,
    ],
)
def test_what_is_no_table_of_the_area_is_refused(tmp_path: Path, content: str | bytes) -> None:
    assert outcome(tmp_path, content)
