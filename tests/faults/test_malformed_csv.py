"""A CSV file with any content is read unchanged or refused in one line."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.imbalance.data.schema import COLUMNS, TIME, TableError, check_table
from pipelines.imbalance.data.table import read_tables
from tests.faults.malformed import as_bytes, many, read_or_refuse
from tests.workflow.project import Project

ROWS = 30
#: Cells that pandas reads as missing.
MISSING = {"", "#N/A", "NA", "NaN", "None", "n/a", "nan", "null", "NULL", "<NA>", "N/A", "-nan"}
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


def rows() -> list[list[str]]:
    """Return the rows of a valid file, starting with the header."""
    times = pd.date_range("2021-03-27 22:30", periods=ROWS, freq="5min")
    values = np.arange(ROWS)[:, None] + np.arange(1, 10) * 100.125
    texts = times.strftime("%Y-%m-%d %H:%M:%S")
    body = [[time, *map(str, line)] for time, line in zip(texts, values.tolist(), strict=True)]
    return [[TIME, *COLUMNS], *body]


def as_text(cells: list[list[str]], separator: str = ",") -> str:
    return "".join(f"{separator.join(line)}\n" for line in cells)


TEXT = as_text(rows())


def refusal(folder: Path, content: str | bytes) -> str:
    """Return the error message, or an empty string if the content is read unchanged."""
    path = folder / "area.csv"
    table, line = read_or_refuse(path, content, lambda path: read_tables([path])[0], TableError)
    if table is None:
        assert line.startswith(str(path))
        return line
    check_table(table)
    text = io.StringIO(as_bytes(content).decode("utf-8-sig"))
    header, *body = filter(None, csv.reader(text, skipinitialspace=True))
    for cells in body:
        row = dict(zip(header, cells, strict=True))
        time = pd.to_datetime(row.pop(TIME), utc=True).tz_localize(None)
        numbers = {name: float(cell) for name, cell in row.items() if cell not in MISSING}
        assert table.loc[time, list(numbers)].to_dict() == pytest.approx(numbers, rel=1e-15)
    return ""


def test_the_original_content_is_read(tmp_path: Path) -> None:
    assert refusal(tmp_path, TEXT) == ""


@many
@given(
    row=st.integers(1, ROWS),
    column=st.integers(1, len(COLUMNS)),
    cell=st.sampled_from(CELLS) | st.text(max_size=12) | st.floats().map(repr),
)
def test_any_cell_is_read_unchanged_or_refused(
    tmp_path: Path, row: int, column: int, cell: str
) -> None:
    cells = rows()
    cells[row][column] = cell
    refusal(tmp_path, as_text(cells))


@many
@given(
    row=st.integers(1, ROWS),
    time=st.sampled_from(TIMES) | st.text(max_size=12) | st.datetimes().map(str),
)
def test_any_time_is_read_unchanged_or_refused(tmp_path: Path, row: int, time: str) -> None:
    cells = rows()
    cells[row][0] = time
    refusal(tmp_path, as_text(cells))


@many
@given(steps=st.lists(st.integers(1, 7) | st.integers(-1, 9), max_size=3))
def test_rows_out_of_order_or_with_a_long_gap_are_refused(tmp_path: Path, steps: list[int]) -> None:
    cells = rows()
    selected = [0, *np.cumsum([3, *steps])]
    line = refusal(tmp_path, as_text([cells[row] for row in selected]))
    assert bool(line) == any(not 1 <= step <= 7 for step in steps)


@many
@given(name=st.sampled_from((TIME, *COLUMNS)), other=st.text(max_size=60))
def test_another_header_is_refused(tmp_path: Path, name: str, other: str) -> None:
    cells = rows()
    cells[0][cells[0].index(name)] = other
    assert other.strip() == name or refusal(tmp_path, as_text(cells))


@many
@given(
    start=st.integers(0, len(TEXT)),
    length=st.integers(0, 60),
    content=st.binary(max_size=12)
    | st.sampled_from([b'"', b"\n", b"\r", b",", b"\n\n", b"\0", b"\xef\xbb\xbf", b'"\n"', b";"]),
)
def test_arbitrary_bytes_are_read_unchanged_or_refused(
    tmp_path: Path, start: int, length: int, content: bytes
) -> None:
    text = TEXT.encode()
    refusal(tmp_path, text[:start] + content + text[start + length :])


@pytest.mark.parametrize(
    "content",
    [
        *(TEXT.encode(encoding) for encoding in ("utf-16", "utf-32", "utf-16-le", "cp037")),
        *(as_text(rows(), separator) for separator in (";", "\t", "|", " ", ", ,")),
        *(b"", b"\n", b"\n\n\n", b"\0" * 1000, b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b",\n,\n"),
        *(b'"\n', b'"\n"\n', b"x" * 100_000 + b"\n", b"<html>404</html>\n" * 5),
        b"PK\3\4\n\xff\xfe\n",
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
def test_content_other_than_csv_is_refused(tmp_path: Path, content: str | bytes) -> None:
    assert refusal(tmp_path, content)


def test_a_malformed_file_ends_its_stage_before_anything_is_written(
    copy: Project,
) -> None:
    params = copy.params()
    params["imbalance"]["source"] = "csv"
    copy.write_params(params)
    file = "data/external/imbalance/area.csv"
    (copy.root / file).write_bytes(TEXT.encode("utf-16"))
    before = copy.snapshot("data", "results", ".dvc")
    (line,) = copy.module("imbalance.acquire", succeeds=False).splitlines()
    assert line == f"imbalance-acquire: {file}: contains zero bytes, text in UTF-8 expected"
    assert copy.snapshot("data", "results", ".dvc") == before
