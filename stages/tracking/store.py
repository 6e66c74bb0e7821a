"""The tracking store: address, tables, experiments and failures."""

import hashlib
import logging
import os
import platform
import re
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import mlflow
import psutil
from filelock import FileLock
from mlflow.entities import RunStatus
from requests import RequestException
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from stages.errors import TrackingError
from stages.outputs.atomic import atomic_write
from stages.outputs.signals import defer_signals
from stages.paths import DATABASE, PROJECT, PROVENANCE
from stages.tracking.artifact_paths import follow_project

#: Exceptions of a failing store. A failing disk (`OSError`) does not count as one.
FAILURES = (mlflow.MlflowException, SQLAlchemyError, sqlite3.Error, RequestException)

# It would print tracebacks of errors that are reported in one line.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

#: Prefix of tags that only the code reads. The MLflow UI hides tags that begin with `mlflow.`.
HIDDEN = "mlflow.workflow."
WORKSPACE = f"{HIDDEN}workspace"
PROCESS = f"{HIDDEN}process"

#: Makes the UI open an experiment with its training runs, not with conversations.
_TRAINING = {"mlflow.experimentKind": "custom_model_development"}


def store_address() -> str:
    """Return `MLFLOW_TRACKING_URI`, or else the SQLite file in the project's root.

    A relative SQLite file is relative to the project's root, whatever the working directory.
    """
    address = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{DATABASE}"
    database = _sqlite_file(address)
    return f"sqlite:///{database}" if database else address


def prepare_store() -> str:
    """Point MLflow at the store, create a missing SQLite file, and return the store's address.

    If two processes created the tables of one file at once, one would fail. So a lock admits one
    process, which creates the file under another name.
    """
    address = store_address()
    mlflow.set_tracking_uri(address)
    database = _sqlite_file(address)
    if database:
        database.parent.mkdir(parents=True, exist_ok=True)
        # A lock file only if needed: the folder of a database may be read-only.
        if not database.exists() or database == DATABASE:
            with FileLock(f"{database}.lock"):
                if not database.exists():
                    with atomic_write(database) as draft:
                        mlflow.MlflowClient(f"sqlite:///{draft}").search_experiments(max_results=1)
                elif database == DATABASE and (message := follow_project(database)):
                    print(f"tracking: {message}", file=sys.stderr, flush=True)
    return address


def experiment_id(name: str) -> str:
    """Find or create an experiment and return its id."""
    database = _sqlite_file(prepare_store())
    # MLflow's own choice for SQLite would be the working directory.
    artifacts = (database.parent / "mlruns" / name).as_uri() if database else None
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    if not found:
        try:
            return client.create_experiment(name, artifact_location=artifacts, tags=_TRAINING)
        except mlflow.MlflowException:
            found = client.get_experiment_by_name(name)
            if not found:  # no other process created it in between, so it is a failure
                raise
    return found.experiment_id


@contextmanager
def tolerating_failures() -> Iterator[None]:
    """Report a failing store in one line on standard error and continue after the `with`.

    Signals are deferred while a database is written, but not while a server is awaited.

    Raises:
        TrackingError: the store failed and `TRACKING_REQUIRED=1`.
    """
    try:
        with nullcontext() if _is_server(store_address()) else defer_signals():
            yield
    except FAILURES as problem:
        line = f"tracking: {failure(problem)}"
        if os.environ.get("TRACKING_REQUIRED") == "1":
            raise TrackingError(line) from problem
        print(
            f"{line}; going on without it, `make publish` logs the results later",
            file=sys.stderr,
            flush=True,
        )


def failure(problem: Exception) -> str:
    """Describe in one line, without passwords, why the store failed.

    Args:
        problem: exception of MLflow; the message of a database behind it is preferred.
    """
    cause = problem if isinstance(problem, DBAPIError) else problem.__cause__
    reason = " ".join(str(getattr(cause, "orig", None) or problem).split())
    return f"{public(store_address())} failed ({public(reason)[:300]})"


def public(text: str) -> str:
    """Return a text without the user names and passwords of its addresses."""
    return re.sub(r"://[^/\s]*@", "://", text)


def process_tags() -> dict[str, str]:
    """Return the tags that identify this process: workspace, process id and start time."""
    return {WORKSPACE: _workspace(), PROCESS: _identity(psutil.Process())}


def end_abandoned_runs(experiment: str) -> None:
    """End the runs that killed processes of this workspace left open, as `KILLED`.

    A workspace is one checkout, so two containers with one server do not end each other's runs.
    """
    client = mlflow.MlflowClient()
    query = f"attributes.status = 'RUNNING' AND {in_this_workspace()}"
    for run in client.search_runs([experiment], query):
        if not is_alive(run):
            client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.KILLED))


def in_this_workspace() -> str:
    """Return the condition of a search for runs of this checkout."""
    return f"tags.`{WORKSPACE}` = '{_workspace()}'"


def is_alive(run: mlflow.entities.Run) -> bool:
    """Return whether the process that logs to a run of this workspace still exists."""
    identity = run.data.tags.get(PROCESS, "")
    try:
        return identity == _identity(psutil.Process(int(identity.partition("@")[0])))
    except (ValueError, psutil.Error):
        return False


def _identity(process: psutil.Process) -> str:
    if process.status() == psutil.STATUS_ZOMBIE:
        return ""
    return f"{process.pid}@{process.create_time():.2f}"


def _workspace() -> str:
    """Return the id of this checkout; copies in other folders or on other machines differ."""
    file = PROVENANCE / "workspace"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock"):
            if not file.exists():  # no other process wrote it in between
                with atomic_write(file) as draft:
                    draft.write_text(uuid.uuid4().hex, encoding="utf-8")
    identity = f"{file.read_text(encoding='utf-8')} {platform.node()} {PROJECT}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def _is_server(address: str) -> bool:
    return address.startswith(("http://", "https://", "databricks", "uc:"))


def _sqlite_file(address: str) -> Path | None:
    path = address.removeprefix("sqlite:///")
    return PROJECT / path if path != address else None
