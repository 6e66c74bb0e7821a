"""Errors that the user can fix, reported in one line without a traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from stages.paths import relative

_Read = TypeVar("_Read")


class StageError(Exception):
    """Raised when a stage or command fails for a reason that the user can fix."""


class ParamsError(StageError):
    """Raised when params.yaml is unreadable or invalid."""


class TrackingError(StageError):
    """Raised when the tracking store fails and `TRACKING_REQUIRED=1`."""


@contextmanager
def in_one_line(*problems: type[Exception]) -> Iterator[None]:
    """Convert exceptions to a `StageError` with the same message.

    Args:
        problems: Exception types to convert.

    Raises:
        StageError: One of the exceptions was raised.
    """
    try:
        yield
    except problems as problem:
        raise StageError(" ".join(str(problem).split())) from problem


def read_input(read: Callable[[Path], _Read], path: Path) -> _Read:
    """Read an input of a stage.

    Args:
        read: Function that reads the path. It raises `ValueError` for invalid content.
        path: A file or folder.

    Returns:
        The result of `read`.

    Raises:
        StageError: The input is missing or damaged.
    """
    try:
        return read(path)
    except FileNotFoundError as problem:
        place = relative(Path(problem.filename)) if problem.filename else relative(path)
        raise StageError(f"{place} is missing; create it with `dvc repro`") from None
    except ValueError as problem:
        raise StageError(f"{relative(path)}: {problem}; delete it and run `dvc repro`") from None
