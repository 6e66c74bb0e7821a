"""Readers of arbitrary content, which must be accepted unchanged or refused in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings

Value = TypeVar("Value")

#: Hypothesis generates the same examples in each run.
many = settings(
    max_examples=70,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def as_bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content


def read_or_refuse(
    path: Path, content: str | bytes, read: Callable[[Path], Value], error: type[Exception]
) -> tuple[Value | None, str]:
    """Return the value, or None and the error message. File and folder must stay unchanged."""
    path.write_bytes(as_bytes(content))
    try:
        return read(path), ""
    except error as refusal:
        line = str(refusal)
        assert path.name in line
        assert line.isprintable()
        assert len(line) < 1000
        return None, line
    finally:
        assert [file.name for file in path.parent.iterdir()] == [path.name]
        assert path.read_bytes() == as_bytes(content)
