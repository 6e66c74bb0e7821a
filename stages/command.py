"""How every stage runs as a command: arguments, errors, one closing line."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import psutil

from stages.layout import ROOT
from stages.params import Params, ParamsError, load_params
from stages.steady_params import steady_params
from stages.stopping import Stopped, stoppable
from stages.timings import keep_timing

_Read = TypeVar("_Read")


class StageError(Exception):
    """Raised when a stage cannot do its work for a reason that a person can mend; one line."""


def run_stage(stage: str, work: Callable[[Params], str]) -> NoReturn:
    """Run a stage that has no variants, then exit.

    Args:
        stage: name in dvc.yaml, for example `digits-fetch`.
        work: does the work and returns the closing line's text.
    """
    if len(sys.argv) != 1:
        sys.exit(f"{stage} takes no argument")
    _run(stage, work)


def run_variant(
    stage: str,
    work: Callable[[Params, str], str],
    variants: Callable[[Params], Mapping[str, object]],
) -> NoReturn:
    """Run a stage for the variant named on the command line, then exit.

    Args:
        stage: name in dvc.yaml without the variant, for example `figures-train`.
        work: does the work for a variant and returns the closing line's text.
        variants: the section of the parameters whose keys may be named.
    """
    if len(sys.argv) != 2:
        sys.exit(f"usage: python -m stages.{stage.replace('-', '.')} NAME")
    name = sys.argv[1]

    def work_on_it(params: Params) -> str:
        known = variants(params)
        if name not in known:
            raise StageError(f"params.yaml has no {name!r} here; it has {', '.join(known)}")
        return work(params, name)

    _run(f"{stage}@{name}", work_on_it)


def read_input(read: Callable[[Path], _Read], path: Path) -> _Read:
    """Read an input of a stage, and make a file that is missing or damaged one clear line.

    Args:
        read: reads the path; it raises `ValueError` for content that is not what it should be.
        path: the file or folder.

    Returns:
        What was read.

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
            f"{relative(path)}: {problem}; delete it and `dvc repro` makes it anew"
        ) from None


@contextmanager
def in_one_line(*problems: type[Exception]) -> Iterator[None]:
    """Tell a person of these exceptions in one line, not in a traceback.

    For calls that may refuse what the parameters ask for, or fail for what they ask.

    Raises:
        StageError: one of the exceptions was raised; its message is the line.
    """
    try:
        yield
    except problems as problem:
        raise StageError(" ".join(str(problem).split())) from problem


def relative(path: Path) -> str:
    """Name a path as a person in the project's root would."""
    return path.relative_to(ROOT).as_posix()


def _shown(filename: object) -> str:
    path = Path(str(filename))
    return relative(path) if path.is_relative_to(ROOT) else str(path)


def _run(stage: str, work: Callable[[Params], str]) -> NoReturn:
    started = psutil.Process().create_time()  # importing what a stage needs takes its time, too
    try:
        with stoppable(), steady_params(stage):
            closing = work(load_params())
    except Stopped:
        with suppress(OSError):  # nobody may be left to read it
            print(f"{stage}: interrupted; nothing half-written is left", file=sys.stderr)
        raise
    except (ParamsError, StageError) as problem:
        sys.exit(f"{stage}: {problem}")
    except OSError as problem:
        place = f"{_shown(problem.filename)}: " if problem.filename else ""
        sys.exit(f"{stage}: {place}{problem.strerror or problem}")
    except MemoryError as problem:
        sys.exit(f"{stage}: not enough memory: {' '.join(str(problem).split()) or 'none is left'}")
    seconds = time.time() - started
    with suppress(OSError):  # the work is done, and a report can do without its time
        keep_timing(stage, seconds)
    print(f"{stage}: {closing} ({seconds:.1f} s)", flush=True)
    sys.exit(0)
