"""How long the stages of the workflow took."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

from stages.params import Params
from stages.timings import Timing, last_timing

_SECTION = re.compile(r"\$\{([\w.]+)\}")


@dataclass(frozen=True)
class Duration:
    """How long a stage took.

    Attributes:
        stage: its name.
        timing: when it last ran here; None if that is unknown.
        share: of the longest stage, from 0 to 1.
    """

    stage: str
    timing: Timing | None
    share: float


def durations(workflow: Any, params: Params) -> list[Duration]:
    """Tell how long every stage took, in the order of the workflow.

    Args:
        workflow: the content of dvc.yaml.
        params: they tell which variants there are.
    """
    timings = {stage: last_timing(stage) for stage in stage_names(workflow, params)}
    longest = max((each.seconds for each in timings.values() if each), default=0.0)
    return [
        Duration(stage, each, each.seconds / longest if each and longest else 0.0)
        for stage, each in timings.items()
    ]


def stage_names(workflow: Any, params: Params) -> Iterator[str]:
    """Name the stages as DVC does, those left out that run always, like the report itself.

    Args:
        workflow: the content of dvc.yaml.
        params: they tell which variants there are.

    Yields:
        The stages, each family of variants in the order of its section.
    """
    for name, stage in workflow["stages"].items():
        if "foreach" in stage:
            path = _SECTION.fullmatch(stage["foreach"])[1].split(".")
            yield from (f"{name}@{variant}" for variant in reduce(getattr, path, params))
        elif not stage.get("always_changed"):
            yield name


def in_words(seconds: float) -> str:
    """Write a time as a person says it: `4.2 s`, `85 s`, `12 min 5 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 2:
        return f"{round(seconds)} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
