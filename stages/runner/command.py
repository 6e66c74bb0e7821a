"""How every stage runs as a command: arguments, errors, one closing line."""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import psutil

from stages.errors import StageError
from stages.outputs.signals import Stopped, stoppable
from stages.outputs.timings import save_timing
from stages.params import Params, load_params
from stages.paths import relative
from stages.runner.guard_params import guard_params


def run_stage(stage: str, work: Callable[[Params], str]) -> NoReturn:
    """Run a stage that has no variants, then exit.

    Args:
        stage: name in dvc.yaml, for example `digits-fetch`.
        work: does the work and returns the text of the closing line.
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
        work: does the work for a variant and returns the text of the closing line.
        variants: the section of the parameters whose keys may be named.
    """
    if len(sys.argv) != 2:
        sys.exit(f"usage: python -m stages.{stage.replace('-', '.')} NAME")
    name = sys.argv[1]

    def work_on_it(params: Params) -> str:
        known = variants(params)
        if name not in known:
            raise StageError(f"params.yaml has no variant {name!r}; it has {', '.join(known)}")
        return work(params, name)

    _run(f"{stage}@{name}", work_on_it)


def _run(stage: str, work: Callable[[Params], str]) -> NoReturn:
    started = psutil.Process().create_time()  # importing what a stage needs takes its time, too
    try:
        with stoppable(), guard_params(stage):
            closing = work(load_params())
    except Stopped:
        with suppress(OSError):  # nobody may be left to read it
            print(f"{stage}: interrupted; nothing half-written is left", file=sys.stderr)
        raise
    except StageError as problem:
        sys.exit(f"{stage}: {problem}")
    except OSError as problem:
        place = f"{relative(Path(str(problem.filename)))}: " if problem.filename else ""
        sys.exit(f"{stage}: {place}{problem.strerror or problem}")
    except MemoryError as problem:
        sys.exit(f"{stage}: not enough memory: {' '.join(str(problem).split()) or 'none is left'}")
    seconds = time.time() - started
    with suppress(OSError):  # the work is done, and a report can do without its time
        save_timing(stage, seconds)
    print(f"{stage}: {closing} ({seconds:.1f} s)", flush=True)
    sys.exit(0)
