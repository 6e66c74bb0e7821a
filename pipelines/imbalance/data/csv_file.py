"""Reading of one CSV file, with errors that name column and line.

A file has one header line, then lines with `start_time` and the columns of `schema.COLUMNS` in any
order, separated by commas. Times without an offset are UTC.
"""

import io
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.data.schema import (
    COLUMNS,
    TIME,
    TableError,
    check,
    clock_column,
    named_rows,
    value_columns,
)

__all__ = ["LINE", "read_file"]

LONGEST_SHOWN = 40
YEARS = (pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC"))
"""Range of credible times; pandas cannot represent times far outside of it."""

LINE = "line"
"""Name of the column with the line number of a row in its file. The header is line 1."""


def read_file(path: Path) -> pd.DataFrame:
    """Read the rows of one file in their order.

    Returns:
        A table with the columns `start_time`, `schema.COLUMNS` and `LINE`. Values may be missing.

    Raises:
        TableError: If the file is invalid; see `table.read_tables`.
        OSError: If the file cannot be read.
    """
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    blank = find_blank_lines(content, path)
    try:
        cells = pd.read_csv(
            io.BytesIO(content), dtype=str, skip_blank_lines=False, skipinitialspace=True
        )
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise TableError(f"{path}: not a CSV file: {reason}") from None
    if len(cells) + 1 != len(blank):
        raise TableError(f"{path}: a line break between quotation marks, none expected")
    cells.index += 2  # line numbers start from 1, and line 1 is the header
    cells = cells[~blank[1:]]
    expected = (TIME, *COLUMNS)
    for fault, names in (
        ("missing", [name for name in expected if name not in cells]),
        ("unexpected", [name for name in cells if name not in expected]),
    ):
        if names:
            more = f" and {len(names) - len(expected)} more" if len(names) > len(expected) else ""
            listed = ", ".join(map(_excerpt, names[: len(expected)])) + more
            raise TableError(f"{path}: {fault} columns {listed}; {', '.join(expected)} expected")
    if cells.empty:
        raise TableError(f"{path}: a header and no rows, at least one expected")
    # pandas would parse the words "now" and "today" as times
    texts = cells[TIME].where(cells[TIME].str.match(r"\d{4}", na=False))
    times = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
    times = times.where(times.between(*YEARS))
    rows = pd.DataFrame({TIME: times.dt.tz_localize(None).astype("datetime64[us]")})
    for name in COLUMNS:
        rows[name] = pd.to_numeric(cells[name], errors="coerce").astype("float64")
    for name in expected:
        unread = cells.index[rows[name].isna() & (cells[name].notna() | (name == TIME))]
        if len(unread):
            cell = _excerpt(cells[name].fillna("")[unread[0]], quoted=True)
            kind = "time" if name == TIME else "number"
            raise TableError(f"{path}: {name}: {cell} is not a {kind}, {named_rows(unread)}")
    check(rows, {TIME: clock_column(), **value_columns(COLUMNS, nullable=True)}, str(path))
    return rows.assign(**{LINE: rows.index})


def find_blank_lines(content: bytes, path: Path) -> NDArray[np.bool_]:
    """Return which lines are empty, [lines], and check that the others are complete.

    Raises:
        TableError: If the content is not text, the header is missing, the last line has no newline,
            or a line has another number of fields than the header.
    """
    if b"\0" in content:
        raise TableError(f"{path}: contains zero bytes, text in UTF-8 expected")
    symbols = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(symbols == ord("\n"))
    if not len(ends):
        raise TableError(f"{path}: no complete line, a header and rows expected")
    if ends[-1] != len(symbols) - 1:
        raise TableError(
            f"{path}: the last line, {len(ends) + 1}, does not end with a newline: the file may be "
            "cut; add a newline if it is complete"
        )
    commas = np.diff(np.searchsorted(np.flatnonzero(symbols == ord(",")), ends), prepend=0)
    blank = np.diff(ends, prepend=-1) <= np.where(symbols[ends - 1] == ord("\r"), 2, 1)
    if blank[0]:
        raise TableError(f"{path}: the first line is empty, a header expected")
    wrong = np.flatnonzero((commas != commas[0]) & ~blank)
    if len(wrong):
        raise TableError(
            f"{path}: {commas[wrong[0]] + 1} fields where the header has {commas[0] + 1}, "
            f"{named_rows(wrong + 1)}"
        )
    return blank


def _excerpt(text: str, *, quoted: bool = False) -> str:
    """Return a short form of a text for error messages, without control characters."""
    short = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    return repr(short) if quoted or not short.isprintable() else short
