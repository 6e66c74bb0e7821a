"""A small project in which stages have run, to inject faults into."""

import shutil
from pathlib import Path

import pytest

from tests.workflow.project import Project, copy_project

#: What must never be found in a record or in what a stage prints.
SECRETS = {
    "MLFLOW_TRACKING_PASSWORD": "planted-password-zq7x",
    "MLFLOW_TRACKING_TOKEN": "planted-token-zq7x",
    "AWS_SECRET_ACCESS_KEY": "planted-aws-zq7x",
    "OPENAI_API_KEY": "planted-api-key-zq7x",
    "PIP_EXTRA_INDEX_URL": "https://me:planted-index-zq7x@127.0.0.1:9/simple",
}


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """A project with secrets around it, whose cheapest variants have run; and what was printed."""
    project = copy_project(tmp_path_factory.mktemp("worked"))
    remote = "https://me:planted-remote-zq7x@127.0.0.1:9/project.git"
    project.run("git", "remote", "add", "origin", remote)
    planted = Project(project.root, project.environment | SECRETS)
    printed = planted.run("dvc", "repro", "figures-evaluate@demo_1", "imbalance-prepare")
    return project, printed


@pytest.fixture
def project(worked: tuple[Project, str], tmp_path: Path) -> Project:
    """A copy of that project for a test that changes it."""
    original, _ = worked
    root = tmp_path / "project"
    shutil.copytree(original.root, root, symlinks=True)
    return Project(root, dict(original.environment))
