"""A store that fails costs a warning, and processes that share a store leave each other alone."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import psutil
import pytest
from sqlalchemy.exc import OperationalError

from stages.errors import TrackingError
from stages.outputs.provenance import Provenance
from stages.paths import ROOT
from stages.tracking.runs import create_run
from stages.tracking.store import (
    PROCESS,
    WORKSPACE,
    process_tags,
    public,
    store_address,
    tolerating_failures,
)
from tests.stages import example

ORIGIN = Provenance("abc", {}, "seed: 7\n", 100.0, 100.0)
SCRIPT = """
import sys
from pathlib import Path
from stages.outputs.provenance import Provenance
from stages.tracking import runs, store
store.PROJECT = Path(sys.argv[1])
run = runs.create_run("figures", "small", 7, Provenance("abc", {}, "seed: 7", 1.0, 1.0), {})
print(store.process_tags()[store.WORKSPACE])
"""


def failing(problem: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise problem

    return fail


@pytest.fixture
def results(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The results of a variant that no store holds."""
    monkeypatch.setattr("stages.runner.evaluate_variant.log_models", lambda *_: [])
    example.train()
    example.evaluate()


@pytest.mark.usefixtures("results", "absent_server")
def test_an_absent_server_costs_a_warning_without_its_password_or_is_an_error_if_required(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert example.log_tolerantly() == {}
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("tracking: http://127.0.0.1:")
    assert line.endswith("; going on without it, `make publish` logs the results later")
    assert "secret" not in line
    monkeypatch.setenv("TRACKING_REQUIRED", "1")
    with pytest.raises(TrackingError, match=r"^tracking: http://127\.0\.0\.1:\d+ failed \(.+\)$"):
        example.log_tolerantly()


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize(
    "problem",
    [
        mlflow.MlflowException("it is locked"),
        OperationalError("INSERT", {}, Exception("it is locked")),
    ],
)
def test_a_database_that_fails_in_the_middle_is_named_with_its_own_words(
    store: mlflow.MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    problem: Exception,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(mlflow.MlflowClient, "log_artifacts", failing(problem))
        assert example.log_tolerantly() == {}
    assert "mlflow.db failed (it is locked); going on" in capfd.readouterr().err
    assert example.log_tolerantly() == {"small": True}
    assert len(example.runs(store)) == 1


@pytest.mark.usefixtures("results", "store")
def test_a_full_local_disk_is_not_taken_for_a_failing_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = OSError(errno.ENOSPC, "No space left on device", "mlruns")
    monkeypatch.setattr(mlflow.MlflowClient, "log_artifacts", failing(problem))
    with pytest.raises(OSError, match="No space left on device"):
        example.log_tolerantly()


def test_a_signal_waits_for_a_database_but_not_for_a_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deferred = []

    @contextmanager
    def defer() -> Iterator[None]:
        deferred.append(store_address())
        yield

    monkeypatch.setattr("stages.tracking.store.defer_signals", defer)
    for address in ("sqlite:////tmp/mlflow.db", "http://127.0.0.1:9"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with tolerating_failures():
            pass
    assert deferred == ["sqlite:////tmp/mlflow.db"]


def test_addresses_are_printed_without_passwords_and_relative_ones_lie_in_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert public("at https://me:pass@host:5000/x?") == "at https://host:5000/x?"
    assert public("postgresql://me:p%40ss@host/db failed") == "postgresql://host/db failed"
    assert public("sqlite:////tmp/me@home/mlflow.db") == "sqlite:////tmp/me@home/mlflow.db"
    assert store_address() == f"sqlite:///{project}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///runs/all.db")
    assert store_address() == f"sqlite:///{project}/runs/all.db"


def test_only_runs_of_ended_processes_of_this_checkout_end_as_killed(
    store: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, number = process_tags(), os.getpid()
    assert own[PROCESS] == f"{number}@{psutil.Process().create_time():.2f}"
    for variant, tags in {
        "alive": own,
        "killed": own | {PROCESS: f"{2**22 + 1}@1.00"},
        "number reused": own | {PROCESS: f"{number}@1.00"},
        "elsewhere": own | {WORKSPACE: "another checkout", PROCESS: f"{number}@1.00"},
        "next": own,
    }.items():
        monkeypatch.setattr("stages.tracking.runs.process_tags", lambda tags=tags: tags)
        create_run("figures", variant, 7, ORIGIN, {})
    ended = {run.info.run_name for run in example.runs(store) if run.info.status == "KILLED"}
    assert ended == {"killed", "number reused"}


def test_processes_that_meet_on_a_fresh_database_all_log(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/deep/mlflow.db"
    environment = os.environ | {"MLFLOW_TRACKING_URI": address}
    command = [sys.executable, "-c", SCRIPT, tmp_path]
    together = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    workspaces = {process.communicate(timeout=240)[0] for process in together}
    assert [process.returncode for process in together] == [0, 0, 0]
    assert len(workspaces) == 1
    client = mlflow.MlflowClient(address)
    experiment = client.get_experiment_by_name("figures")
    assert len(client.search_runs([experiment.experiment_id])) == 3
    assert experiment.artifact_location == (tmp_path / "deep/mlruns/figures").as_uri()
