"""The durations of the stages."""

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

from stages.outputs.timings import Timing, last_timing
from stages.params import Params

_SECTION = re.compile(r"\$\{([\w.]+)\}")


def durations(stages: Iterable[str]) -> list[tuple[str, Timing | None, float]]:
    """Return the last run of each stage on this machine, and its share of the longest one."""
    timings = {stage: last_timing(stage) for stage in stages}
    longest = max((each.seconds for each in timings.values() if each), default=0.0) or 1.0
    return [
        (stage, each, each.seconds / longest if each else 0.0) for stage, each in timings.items()
    ]


def stage_names(workflow: Any, params: Params) -> Iterator[str]:
    """Yield the names of all stages, as DVC shows them.

    Args:
        workflow: the content of dvc.yaml.
        params: all parameters.
    """
    for name, stage in workflow["stages"].items():
        if "foreach" in stage:
            section = _SECTION.fullmatch(stage["foreach"])[1].split(".")
            yield from (f"{name}@{variant}" for variant in reduce(getattr, section, params))
        else:
            yield name


def duration_text(seconds: float) -> str:
    """Write a duration: `4.2 s`, `85 s`, `12 min 5 s`, `2 h 1 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 2:
        return f"{round(seconds)} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
