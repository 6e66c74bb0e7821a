"""Trainings that last until a test has met them, and what ran."""

import re
import time
from collections.abc import Callable

from tests.workflow.project import Project


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def lengthened(project: Project) -> None:
    """Let demo_1 train for so long that it can be met while it trains."""
    project.write_params(project.params_with("demo_1", epochs=100_000))


def training_is_recorded(project: Project) -> bool:
    if not (project.root / "mlflow.db").exists():
        return False
    return any("train/loss" in run.data.metrics for run in project.runs("figures"))


def ran(output: str) -> list[str]:
    """Name the stages that a `dvc repro` ran, but for the report, which must run always."""
    stages = sorted(re.findall(r"Running stage '([^']+)'", output))
    stages.remove("report")
    return stages
