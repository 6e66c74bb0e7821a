"""Entry points of stages: arguments, errors and closing line."""

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
    """Run a stage without variants, then exit.

    Args:
        stage: Name in dvc.yaml, for example `digits-fetch`.
        work: Function that runs the stage and returns the closing line.
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
        stage: Name in dvc.yaml without the variant, for example `figures-train`.
        work: Function that runs the stage for a variant and returns the closing line.
        variants: Function that returns the accepted variants, by name.
    """
    if len(sys.argv) != 2:
        sys.exit(f"usage: python -m stages.{stage.replace('-', '.')} NAME")
    name = sys.argv[1]

    def work_on_variant(params: Params) -> str:
        names = variants(params)
        if name not in names:
            raise StageError(f"params.yaml has no variant {name!r}; it has {', '.join(names)}")
        return work(params, name)

    _run(f"{stage}@{name}", work_on_variant)


def _run(stage: str, work: Callable[[Params], str]) -> NoReturn:
    started = psutil.Process().create_time()  # includes the time of imports
    try:
        with stoppable(), guard_params(stage):
            closing = work(load_params())
    except Stopped:
        with suppress(OSError):  # stderr may be closed
            print(f"{stage}: interrupted; no incomplete output is left", file=sys.stderr)
        raise
    except StageError as problem:
        sys.exit(f"{stage}: {problem}")
    except OSError as problem:
        place = f"{relative(Path(str(problem.filename)))}: " if problem.filename else ""
        sys.exit(f"{stage}: {place}{problem.strerror or problem}")
    except MemoryError as problem:
        sys.exit(f"{stage}: {' '.join(['out of memory:', *str(problem).split()]).rstrip(':')}")
    seconds = time.time() - started
    with suppress(OSError):  # the report works without it
        save_timing(stage, seconds)
    print(f"{stage}: {closing} ({seconds:.1f} s)", flush=True)
    sys.exit(0)
