"""Errors that a person can mend, each told in one line instead of a traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from stages.paths import relative

_Read = TypeVar("_Read")


class StageError(Exception):
    """Raised when a stage or command cannot do its work; the message is one line."""


class ParamsError(StageError):
    """Raised when params.yaml cannot be read or does not fit the schema."""


class TrackingError(StageError):
    """Raised when the tracking store fails and `TRACKING_REQUIRED=1`."""


@contextmanager
def in_one_line(*problems: type[Exception]) -> Iterator[None]:
    """Turn these exceptions into a `StageError` with the same message.

    Use it around calls that may refuse what the parameters ask for.

    Args:
        problems: exception types to turn.

    Raises:
        StageError: one of the exceptions was raised.
    """
    try:
        yield
    except problems as problem:
        raise StageError(" ".join(str(problem).split())) from problem


def read_input(read: Callable[[Path], _Read], path: Path) -> _Read:
    """Read an input of a stage.

    Args:
        read: reads the path; it raises `ValueError` for invalid content.
        path: the file or folder.

    Returns:
        What `read` returns.

    Raises:
        StageError: the input is missing or damaged.
    """
    try:
        return read(path)
    except FileNotFoundError as problem:
        place = relative(Path(problem.filename)) if problem.filename else relative(path)
        raise StageError(f"{place} is missing; `dvc repro` makes it") from None
    except ValueError as problem:
        raise StageError(
            f"{relative(path)}: {problem}; delete it and `dvc repro` makes it again"
        ) from None
