"""The finished small project that tests share, and the order in which tests start."""

import shutil
from pathlib import Path

import mlflow
import pytest
from filelock import FileLock
from hypothesis import settings

from tests.workflow.project import MAKE, Project, duplicate, small_project

# No test measures time: a busy machine takes longer for an example than Hypothesis would allow.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

#: Planted in the environment of the finished project's workflow; must not appear in its results.
SECRETS = {
    "MLFLOW_TRACKING_PASSWORD": "planted-password-zq7x",
    "MLFLOW_TRACKING_TOKEN": "planted-token-zq7x",
    "AWS_SECRET_ACCESS_KEY": "planted-aws-zq7x",
    "OPENAI_API_KEY": "planted-api-key-zq7x",
    "PIP_EXTRA_INDEX_URL": "https://me:planted-index-zq7x@127.0.0.1:9/simple",
}
_REMOTE = "https://me:planted-remote-zq7x@127.0.0.1:9/project.git"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the long tests: those of the finished project, which takes minutes to build.

    pytest-xdist gives the first tests to the first worker. It builds the project while the others
    run the rest, and then steal what is left.
    """
    items.sort(key=lambda item: "finished" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers of a parallel run share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def finished(shared: Path) -> Project:
    """A small project in which `make repro` has run; tests must not change it.

    What it printed is in the file `printed.txt` beside it.
    """
    root, printed = shared / "finished", shared / "printed.txt"
    with FileLock(shared / "finished.lock"):
        if not root.exists():
            project = small_project(root)
            project.run("git", "remote", "add", "origin", _REMOTE)
            printed.write_text(project.run(*MAKE, "repro", **SECRETS))
        assert printed.exists(), "the small workflow failed; see the first test that needed it"
    return Project(root)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite store with its tables, which take seconds to create, and without runs."""
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{file}").search_experiments(max_results=1)
    return file


@pytest.fixture
def copy(finished: Project, empty_store: Path, tmp_path: Path) -> Project:
    """A copy of the finished project that a test may change, with an empty store."""
    copied = duplicate(finished, tmp_path / "project", without=("mlruns", "mlflow.db*"))
    shutil.copy(empty_store, copied.root)
    return copied
