"""Moved, copied or cloned, the project works on, and what is lost is said."""

import json
import shutil
from pathlib import Path

import mlflow
import pytest

from tests.workflow.project import Project
from tests.workflow.waiting import ran


@pytest.fixture
def moved(finished: Project, tmp_path: Path) -> Project:
    """A copy that brought its store along."""
    passing = shutil.ignore_patterns("*-journal")  # others may look at the store meanwhile
    root = shutil.copytree(finished.root, tmp_path / "project", symlinks=True, ignore=passing)
    return Project(root, finished.environment)


def learn_faster(project: Project) -> None:
    optimizer = {"name": "sgd", "learning_rate": 0.05, "momentum": 0}
    project.write_params(project.params_with("demo_1", optimizer=optimizer))
    project.run("dvc", "repro", "figures-evaluate@demo_1")


def artifacts(project: Project) -> dict[str, list[str]]:
    """Name the artifacts of every run of a figure network."""
    client = mlflow.MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    return {
        run.info.run_id: sorted(file.path for file in client.list_artifacts(run.info.run_id))
        for run in project.runs("figures")
    }


def test_a_copy_of_the_project_leaves_the_original_alone(finished: Project, moved: Project) -> None:
    known, kept = artifacts(finished), finished.snapshot("mlruns")
    (line,) = moved.run("python", "-m", "stages.recovery").splitlines()
    assert line.startswith(f"mlflow.db was made in {finished.root}; its artifacts are now")
    assert moved.run("python", "-m", "stages.recovery") == ""
    learn_faster(moved)
    assert finished.snapshot("mlruns") == kept
    assert artifacts(finished) == known
    assert artifacts(moved).items() > known.items()
    new = next(run for run in moved.runs("figures") if run.info.run_id not in known)
    assert new.info.artifact_uri.startswith((moved.root / "mlruns").as_uri())
    assert "plots" in artifacts(moved)[new.info.run_id]


def test_a_renamed_project_works_on_without_its_former_folder(
    moved: Project, tmp_path: Path
) -> None:
    moved.run("python", "-m", "stages.recovery")
    known = artifacts(moved)
    former, moved.root = moved.root, moved.root.rename(tmp_path / "another name")
    learn_faster(moved)
    assert not former.exists()
    assert artifacts(moved).items() > known.items()
    assert all(len(found) >= 3 for found in artifacts(moved).values())
    models = moved.root.rglob("mlruns/figures/models/*/artifacts/MLmodel")
    assert len(list(models)) == len(artifacts(moved))


def test_a_project_that_came_without_its_store_works_and_says_what_is_lost(copy: Project) -> None:
    (line,) = copy.run("python", "-m", "stages.recovery").splitlines()
    count = len(list(copy.root.glob("results/*/*/run.json")))
    assert f"no mlflow.db came along: the runs of {count} trained variants" in line
    assert not ran(copy.run("dvc", "repro"))
    copy.run("dvc", "repro", "--force", "--single-item", "figures-evaluate@demo_1")
    (run,) = copy.runs("figures")
    found = json.loads((copy.root / "results/figures/demo_1/run.json").read_text())
    assert run.data.tags["restored_from"] == found["fingerprint"]
    assert copy.run("python", "-m", "stages.recovery") == ""
