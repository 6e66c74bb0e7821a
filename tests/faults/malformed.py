"""Reading a file of any content, which must be accepted as it is or refused in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings

Value = TypeVar("Value")

#: Hypothesis's choices are the same in every run.
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
    """Return what was read, or None and the refusal; the file and its folder must stay."""
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
