"""The small projects that tests share, in which the whole workflow has run."""

import json
import shutil
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock

from tests.workflow.project import Project, copy_project

# A busy machine is slow; that is no failure.
hypothesis.settings.register_profile("without deadline", deadline=None)
hypothesis.settings.load_profile("without deadline")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Project:
    """A copy in which every stage has run once; the workers of a parallel run make it once.

    Tests must leave it as they found it, and run no command in it that would lock others out.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    with FileLock(shared / "finished.lock"):
        root, environment = shared / "finished", shared / "finished.json"
        if not environment.exists():
            shutil.rmtree(root, ignore_errors=True)  # of a worker in which a stage failed
            project = copy_project(root)
            project.run("dvc", "repro")
            environment.write_text(json.dumps(project.environment))
    return Project(root, json.loads(environment.read_text()))


@pytest.fixture
def copy(finished: Project, tmp_path: Path) -> Project:
    """The finished project, copied for a test that changes it; the store does not go with it."""
    root = tmp_path / "project"
    shutil.copytree(
        finished.root, root, symlinks=True, ignore=shutil.ignore_patterns("mlruns", "mlflow.db*")
    )
    return Project(root, finished.environment)
