"""Fixtures of a project in a temporary folder and of tracking stores."""

import importlib
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stages import paths

if TYPE_CHECKING:
    import mlflow

#: Modules of `stages` that import a path. They are imported before the paths are replaced.
USERS = (
    "errors",
    "outputs.provenance",
    "outputs.timings",
    "outputs.training",
    "params.loading",
    "runner.command",
    "runner.evaluate_variant",
    "runner.train_variant",
    "tracking.champion",
    "tracking.leaderboard",
    "tracking.log_results",
)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite store with empty tables, whose creation takes seconds."""
    import mlflow

    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{file}").search_experiments(max_results=1)
    return file


@pytest.fixture(autouse=True)
def tolerance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset TRACKING_REQUIRED, which some commands set, after each test."""
    monkeypatch.setenv("TRACKING_REQUIRED", "0")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The root of an empty project, which contains all paths of `stages.paths`."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    for name in USERS:
        importlib.import_module(f"stages.{name}")
    before = {name: value for name, value in vars(paths).items() if isinstance(value, Path)}
    root = tmp_path / "project"
    after = {name: root / value.relative_to(paths.ROOT) for name, value in before.items()}
    (root / "pipelines").mkdir(parents=True)
    (root / "params.yaml").write_text("seed: 7\n")
    _rebind(before, after)
    yield root
    _rebind(after, before)


def _rebind(old: dict[str, Path], new: dict[str, Path]) -> None:
    """Replace a path in all modules of `stages` that imported it."""
    for module in [module for name, module in sys.modules.items() if name.startswith("stages.")]:
        for name in old:
            if vars(module).get(name) == old[name]:
                setattr(module, name, new[name])


@pytest.fixture
def store(project: Path, empty_database: Path) -> "mlflow.MlflowClient":
    """The client of an empty SQLite store of the project."""
    import mlflow

    shutil.copy(empty_database, project)
    address = f"sqlite:///{project / 'mlflow.db'}"
    mlflow.set_tracking_uri(address)
    return mlflow.MlflowClient(address)


@pytest.fixture
def absent_server(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a server that does not answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    address = f"http://user:secret@127.0.0.1:{port}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    return address
