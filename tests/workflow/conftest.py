"""The projects that workflow tests share."""

import shutil
from pathlib import Path

import pytest

from tests.workflow.project import Project, copy_project


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy in which every stage has run once. Tests must leave it as they found it."""
    project = copy_project(tmp_path_factory.mktemp("finished"))
    project.run("dvc", "repro")
    return project


@pytest.fixture
def copy(finished: Project, tmp_path: Path) -> Project:
    """The finished project, copied for a test that changes it; the store goes with it."""
    root = tmp_path / "project"
    shutil.copytree(
        finished.root, root, symlinks=True, ignore=shutil.ignore_patterns("mlruns", "mlflow.db*")
    )
    return Project(root, finished.environment)
