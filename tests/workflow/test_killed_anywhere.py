"""Killed twenty times on its way, the workflow ends where an undisturbed one ends."""

import os
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

from tests.workflow.project import Project

KILLS = 20
PIPELINES = ("figures", "digits", "imbalance")
#: What `make repro` runs, set-up and the check of the parameters aside.
REPRO = "python -m stages.recovery && dvc repro"


def not_yet_run(finished: Project, root: Path) -> Project:
    """Copy a finished project without anything that running it has made."""
    made = shutil.ignore_patterns("results", "raw", "prepared", "dvc.lock", "mlruns", "mlflow.db*")
    shutil.copytree(
        finished.root,
        root,
        symlinks=True,
        ignore=lambda folder, names: (
            made(folder, names)
            | ({"cache", "tmp"} & set(names) if folder.endswith(".dvc") else set())
        ),
    )
    return Project(root, finished.environment)


def kill_on_the_way(project: Project, stages: int, seconds: float) -> str:
    """Kill the workflow with all its processes, some time after it has begun so many stages.

    Returns:
        The stage that it had begun last; nothing if it ended before.
    """
    process = project.start("sh", "-c", REPRO)
    said, begun = [], ["none"]
    while len(begun) <= stages:
        said.append(process.stdout.readline())
        if not said[-1]:
            assert process.wait() == 0, "".join(said)
            return ""
        if said[-1].startswith("Running stage"):
            begun.append(said[-1].split("'")[1])
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return begun[-1]


def results_of(project: Project) -> dict[str, bytes]:
    """Return data and results; the report tells the time, too."""
    files = project.snapshot("data", "results")
    return {name: content for name, content in files.items() if not name.endswith(".html")}


def assert_it_ended_as(project: Project, finished: Project) -> None:
    assert project.lock() == finished.lock()
    assert results_of(project) == results_of(finished)
    assert project.half_written() == []
    assert not any(project.root.glob(".scratch/*/*.ckpt")), "a checkpoint was left"
    for pipeline in PIPELINES:
        runs = project.runs(pipeline)
        assert {run.info.status for run in runs} <= {"FINISHED", "KILLED", "FAILED"}
        for wanted in finished.runs(pipeline):
            whole = [
                run
                for run in runs
                if run.info.run_name == wanted.info.run_name
                and run.info.status == "FINISHED"
                and run.data.tags["fingerprint"] == wanted.data.tags["fingerprint"]
                and run.data.metrics.keys() == wanted.data.metrics.keys()
            ]
            # The verifier's only stage tells its run everything before DVC keeps its outputs.
            most = KILLS if wanted.info.run_name == "verifier" else 1
            assert 1 <= len(whole) <= most, wanted.info.run_name


def test_killed_at_twenty_random_moments_the_workflow_ends_as_if_undisturbed(
    finished: Project, tmp_path: Path
) -> None:
    project = not_yet_run(finished, tmp_path / "project")
    chance, met = random.Random(5), []
    while len(met) < KILLS:
        stages, seconds = chance.choice((0, 1, 1, 2, 3)), chance.uniform(0, 6)
        stage = kill_on_the_way(project, stages, seconds)
        if stage:
            met.append(stage)
        else:  # a fast machine: once more from the beginning
            assert_it_ended_as(project, finished)
            project = not_yet_run(finished, tmp_path / f"project-{len(met)}")
    project.run("sh", "-c", REPRO)
    assert_it_ended_as(project, finished)
    assert len(set(met)) >= 8, f"the moments were not spread over the workflow: {Counter(met)}"
