"""Durations of the stages."""

import re
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

from stages.outputs.timings import Timing, last_timing
from stages.params import Params

_SECTION = re.compile(r"\$\{([\w.]+)\}")


def durations(stages: Iterable[str]) -> list[tuple[str, Timing | None, float]]:
    """Return each stage's last run on this machine, and its share of the longest run."""
    timings = {stage: last_timing(stage) for stage in stages}
    longest = max((timing.seconds for timing in timings.values() if timing), default=0.0) or 1.0
    return [
        (stage, timing, timing.seconds / longest if timing else 0.0)
        for stage, timing in timings.items()
    ]


def stage_names(workflow: Any, params: Params) -> Iterator[str]:
    """Yield the names of all stages as DVC prints them.

    Args:
        workflow: content of dvc.yaml.
        params: all parameters.
    """
    for name, stage in workflow["stages"].items():
        if "foreach" in stage:
            section = _SECTION.fullmatch(stage["foreach"])[1].split(".")
            yield from (f"{name}@{variant}" for variant in reduce(getattr, section, params))
        else:
            yield name


def duration_text(seconds: float) -> str:
    """Format a duration: `4.2 s`, `85 s`, `12 min 5 s`, `2 h 1 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 2:
        return f"{round(seconds)} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
