"""The tracking store: its address, its tables, its experiments.

`python -m stages.store` prepares the store and prints its address.
"""

import logging
import os
import platform
import re
import sys
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow.entities import RunStatus, ViewType
from sqlalchemy.exc import DBAPIError

from stages.layout import DATABASE, PROJECT
from stages.outputs import whole
from stages.provenance import start_of_process
from stages.relocation import follow_project

# It prints the traceback of what it raises, and what it raises is told in one line.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

#: Lets the UI open the experiment as one of training runs, not of conversations.
_TRAINING = {"mlflow.experimentKind": "custom_model_development"}


def store_address() -> str:
    """Return `MLFLOW_TRACKING_URI`, or else the SQLite file in the project's root.

    A relative SQLite file is one of the project's root, whatever folder a stage runs in.
    """
    address = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{DATABASE}"
    database = _sqlite_file(address)
    return f"sqlite:///{database}" if database else address


def is_database(address: str) -> bool:
    """Return whether MLflow writes to a database itself, rather than asks a server to."""
    return not address.startswith(("http://", "https://", "databricks", "uc:"))


def reason_of(problem: Exception) -> str:
    """Say in one line why the store failed, fit to be printed.

    Args:
        problem: what MLflow raised; where a database is behind it, that one's own words are taken.
    """
    failed = problem if isinstance(problem, DBAPIError) else problem.__cause__
    said = getattr(failed, "orig", None) or problem
    return public_address(" ".join(str(said).split()))[:300]


def set_patience() -> None:
    """Let a server that is away cost seconds, not MLflow's minutes; the user's own choice holds."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")


def public_address(text: str) -> str:
    """Return a text without the users and passwords of the addresses in it, fit to be printed."""
    return re.sub(r"://[^/\s]*@", "://", text)


def prepare_store() -> str:
    """Point MLflow at the store, make it if it is a SQLite file and missing, return its address.

    Two processes that meet on a fresh file would both make the tables and one would fail; a
    process killed meanwhile would leave half of them. So one makes them, under another name.

    A project that was moved or copied takes its store along; the first to use it there says so.
    """
    set_patience()
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # of every run it ends
    address = store_address()
    mlflow.set_tracking_uri(address)
    database = _sqlite_file(address)
    if database == DATABASE and (done := follow_project(database)):
        print(f"tracking: {done}", file=sys.stderr, flush=True)
    if database and not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{database}.lock"):
            if not database.exists():
                with whole(database) as draft:
                    mlflow.MlflowClient(f"sqlite:///{draft}").search_experiments(max_results=1)
    return address


def experiment_id(name: str) -> str:
    """Find or make an experiment and return its id."""
    database = _sqlite_file(prepare_store())
    # MLflow's own choice for SQLite would be the folder that the process happens to run in.
    artifacts = (database.parent / "mlruns" / name).as_uri() if database else None
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    if not found:
        try:
            return client.create_experiment(name, artifact_location=artifacts, tags=_TRAINING)
        except mlflow.MlflowException:
            found = client.get_experiment_by_name(name)
            if not found:  # nobody else made it in between, so it is a failure
                raise
    return found.experiment_id


def end_abandoned_runs(experiment: str) -> None:
    """End as KILLED the runs that processes of this machine left open when they were killed."""
    client = mlflow.MlflowClient()
    left_open = client.search_runs(
        [experiment],
        f"attributes.status = 'RUNNING' AND tags.host = '{platform.node()}'",
        run_view_type=ViewType.ACTIVE_ONLY,
    )
    for run in left_open:
        process, _, started = run.data.tags.get("process", "").partition("@")
        alive = process.isdigit() and start_of_process(int(process)) == started
        if not alive:
            client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.KILLED))


def _sqlite_file(address: str) -> Path | None:
    path = address.removeprefix("sqlite:///")
    return PROJECT / path if path != address else None


if __name__ == "__main__":
    try:
        print(prepare_store())
    except (mlflow.MlflowException, DBAPIError, OSError) as problem:
        sys.exit(f"tracking: {public_address(store_address())} failed ({reason_of(problem)})")
