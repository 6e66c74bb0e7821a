"""A run of MLflow is computed once more from what it names, by the documented command."""

import shutil
from collections.abc import Iterator

import mlflow
import pytest
from mlflow.entities import Run

from tests.workflow.project import Project


@pytest.fixture(scope="module")
def project(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the finished project in which runs are repeated, its store brought along."""
    root = tmp_path_factory.mktemp("repeated") / "project"
    passing = shutil.ignore_patterns("*-journal")  # others may look at the store meanwhile
    shutil.copytree(finished.root, root, symlinks=True, ignore=passing)
    copied = Project(root, finished.environment)
    copied.run("python", "-m", "stages.recovery")
    return copied


@pytest.fixture
def tidied(project: Project) -> Iterator[Project]:
    yield project
    shutil.rmtree(project.root / ".scratch" / "repeat", ignore_errors=True)


def run_of(project: Project, variant: str) -> Run:
    return next(run for run in project.runs("figures") if run.info.run_name == variant)


def test_a_run_is_repeated_and_found_equal_and_nothing_else_changes(tidied: Project) -> None:
    run = run_of(tidied, "demo_1")
    before = tidied.snapshot("results", "mlruns", "data"), tidied.lock()
    *_, line = tidied.run("python", "-m", "stages.repeat", run.info.run_id).splitlines()
    assert "metrics and the fingerprint of parameters and data are equal" in line
    assert run.data.tags["git_commit"][:9] in line
    assert (tidied.snapshot("results", "mlruns", "data"), tidied.lock()) == before
    assert len(tidied.runs("figures")) == 3


def test_an_experiment_is_repeated_and_a_number_that_was_changed_is_found(tidied: Project) -> None:
    change = "figures.networks.demo_1.optimizer.learning_rate=0.2"
    target = "figures-evaluate@demo_1"
    tidied.run("dvc", "exp", "run", "--temp", "--name", "faster", "--set-param", change, target)
    (run,) = (run for run in tidied.runs("figures") if "dvc_experiment" in run.data.tags)
    store = mlflow.MlflowClient(f"sqlite:///{tidied.root / 'mlflow.db'}")
    store.log_metric(run.info.run_id, "test/loss", run.data.metrics["test/loss"] + 1e-9)
    *_, line = tidied.run(
        *("python", "-m", "stages.repeat", run.info.run_id), succeeds=False
    ).splitlines()
    assert "1 of " in line
    assert "metrics differ: test/loss" in line  # so the others are those of its learning rate


def test_a_run_that_cannot_be_repeated_says_why_in_one_line(tidied: Project) -> None:
    store = mlflow.MlflowClient(f"sqlite:///{tidied.root / 'mlflow.db'}")
    run = run_of(tidied, "default").info.run_id

    def said() -> str:
        (line,) = tidied.run("python", "-m", "stages.repeat", run, succeeds=False).splitlines()
        return line

    (params,) = (tidied.root / "mlruns").glob(f"**/{run}/artifacts/params.yaml")
    params.unlink()
    assert said() == f"{run}: its artifact params.yaml is not in the store"
    store.set_tag(run, "git_commit", "f" * 40)
    assert said().startswith(f"{run}: its commit fffffffff is not in this repository")
    assert "not found" in tidied.run("python", "-m", "stages.repeat", "0" * 32, succeeds=False)
