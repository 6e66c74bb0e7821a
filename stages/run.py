"""The MLflow run of one variant, whose methods do nothing once the tracking store has failed.

What a run holds already is not sent again, so that whatever was half sent can be sent once more.
"""

import functools
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Metric, RunStatus
from mlflow.utils.mlflow_tags import (
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_RUN_NOTE,
    MLFLOW_SOURCE_NAME,
    MLFLOW_SOURCE_TYPE,
    MLFLOW_USER,
)
from sqlalchemy.exc import SQLAlchemyError

from stages.command import StageError
from stages.leaderboard import write_leaderboard
from stages.logged_model import ServedModel, send_model
from stages.ranking import Ranking
from stages.run_contents import curves, parameters_of, points_of_epoch, unknown, values
from stages.stopping import held_back, is_stopping
from stages.store import is_database, public_address, reason_of, store_address
from stages.training import Data, Training
from stages.unsent import Unsent, keep_for_later

_SECONDS_BETWEEN_SENDINGS = 5.0
_MOST_OF_THE_TIME = 0.1  # that sending the epochs may take from their training
_AT_ONCE = 1000  # metrics that one call accepts
FAILURES = (mlflow.MlflowException, SQLAlchemyError, OSError)  # requests' errors are OSErrors
_INHERITED = (  # tags that a repeated training has from its variant's run
    *("pipeline", "variant", "git_commit", "git_dirty", "dvc_experiment", "host", "process"),
    *(MLFLOW_USER, MLFLOW_SOURCE_NAME, MLFLOW_SOURCE_TYPE),
)
_Arguments = ParamSpec("_Arguments")


class TrackingError(StageError):
    """Raised when the store fails and `TRACKING_REQUIRED=1` makes that an error; one line."""


def _unless_down(
    method: Callable[Concatenate["Run", _Arguments], None],
) -> Callable[Concatenate["Run", _Arguments], None]:
    """Let a method of a run do nothing once the tracking store has failed."""

    @functools.wraps(method)
    def guarded(run: "Run", *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> None:
        if not run.recorded:
            return
        try:
            # a server's answer may be waited for in vain, a database's must be
            with held_back() if is_database(store_address()) else nullcontext():
                method(run, *args, **kwargs)
        except FAILURES as problem:
            run.give_up(problem)

    return guarded


class Run:
    """The MLflow run of one variant; it swallows everything once the store has failed.

    Args:
        unsent: what is kept of the training for `publish` if the store fails; nothing if the
            training was another process's.

    Attributes:
        recorded: whether what is logged arrives anywhere.
        has_training: whether the store has all of the training already.
    """

    def __init__(self, unsent: Unsent | None = None) -> None:
        self.recorded = True
        self.has_training = False
        self._unsent = unsent
        self._id = ""
        self._had_points = False
        self._sent: set[tuple[str, int]] = set()
        self._waiting: list[Metric] = []
        self._next_sending = time.monotonic() + _SECONDS_BETWEEN_SENDINGS

    @_unless_down
    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log parameters; a section becomes `section.parameter`, a list one line of text."""
        mlflow.MlflowClient().log_batch(self._id, params=parameters_of(parameters))

    @_unless_down
    def log_data(self, data: Data) -> None:
        """Log which data a training uses, with DVC's md5 as its digest."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The specified dataset source")
            source = mlflow.data.dataset_source_registry.resolve_dataset_source(data.path)
        spec = mlflow.types.TensorSpec(np.dtype(data.dtype), data.shape)
        described = mlflow.data.meta_dataset.MetaDataset(
            source, data.name, data.digest, mlflow.types.Schema([spec])
        )
        mlflow.log_input(described, context="training")

    @_unless_down
    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Log the metrics of an epoch; they are sent every few seconds, in batches."""
        points = points_of_epoch(epoch, metrics)
        self._waiting += points
        self._sent |= {(point.key, epoch) for point in points}
        if time.monotonic() > self._next_sending:
            self._send(_AT_ONCE)

    @_unless_down
    def log_history(self, history: pd.DataFrame) -> None:
        """Log those epochs that have not been logged; see `training.read_history`."""
        known = self._sent | (_points_of(self._id) if self._had_points else set())
        self._waiting += unknown(curves(history), known)
        self._send()

    @_unless_down
    def log_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Log final, single-valued metrics; a section becomes `section/metric`."""
        self._waiting += _news(self._id, metrics)
        self._send()

    @_unless_down
    def log_repeat(
        self, training: Training, history: pd.DataFrame, metrics: Mapping[str, Any]
    ) -> None:
        """Log one of a variant's trainings as a child of this run.

        Args:
            training: from one of the variant's seeds.
            history: of it; see `training.read_history`.
            metrics: that it led to.
        """
        client = mlflow.MlflowClient()
        own = _child(client.get_run(self._id), training)
        client.log_batch(own, params=parameters_of(training.parameters))
        points = unknown(curves(history), _points_of(own))
        _log(own, points + _news(own, {**training.metrics, **metrics}))
        client.set_terminated(own, RunStatus.to_string(RunStatus.FINISHED))

    @_unless_down
    def log_files(self, path: Path, folder: str | None = None) -> None:
        """Log a file, or every file of a folder, as artifacts."""
        client = mlflow.MlflowClient()
        (client.log_artifacts if path.is_dir() else client.log_artifact)(
            self._id, str(path), folder
        )

    @_unless_down
    def log_model(self, files: Path, served: ServedModel) -> None:
        """Log a model that `mlflow models serve` answers for, without pickle.

        Args:
            files: the folder of the saved model, given to it as the artifact `model`.
            served: what a server needs beside them.
        """
        send_model(self._id, files, served)

    @_unless_down
    def mark_as_trained(self) -> None:
        """Let an evaluation continue this run; one that was stopped half-way is not continued."""
        mlflow.MlflowClient().set_tag(self._id, "trained", "true")

    @_unless_down
    def mark_as_told(self, what: str, digest: str) -> None:
        """Note that the run tells all of some files, so that they need not be published.

        Args:
            what: name of the tag.
            digest: of the files.
        """
        mlflow.MlflowClient().set_tag(self._id, what, digest)

    @_unless_down
    def describe(self, text: str) -> None:
        """Set the run's description, which the UI shows first; Markdown."""
        mlflow.MlflowClient().set_tag(self._id, MLFLOW_RUN_NOTE, text)

    @_unless_down
    def rank(self, ranking: Ranking, tasks: Sequence[str], columns: Mapping[str, str]) -> None:
        """Let the experiment's description tell which variant leads; see `write_leaderboard`."""
        experiment = mlflow.MlflowClient().get_run(self._id).info.experiment_id
        write_leaderboard(experiment, ranking, tasks, columns)

    @_unless_down
    def open(self, make: Callable[[], mlflow.ActiveRun]) -> None:
        """Begin recording in the run that `make` starts or goes on with."""
        run = make()
        self._id = run.info.run_id
        self._had_points = bool(run.data.metrics)
        self.has_training = run.data.tags.get("trained") == "true"

    @_unless_down
    def close(self, status: str) -> None:
        """Send what waits and end the run as `status`, a name of MLflow's `RunStatus`."""
        self._send()
        mlflow.end_run(status)

    def give_up(self, problem: Exception) -> None:
        """Stop recording: warn once, or raise `TrackingError` if tracking is required."""
        self.recorded = False
        status = RunStatus.KILLED if is_stopping() else RunStatus.FAILED
        with suppress(*FAILURES):  # or else MLflow would try once more when the process ends
            mlflow.end_run(RunStatus.to_string(status))
        report_failure(problem)
        if self._unsent:
            keep_for_later(self._unsent)

    def _send(self, at_most: int = sys.maxsize) -> None:
        batch, self._waiting = self._waiting[:at_most], self._waiting[at_most:]
        started = time.monotonic()
        _log(self._id, batch)
        ended = time.monotonic()
        pause = max(_SECONDS_BETWEEN_SENDINGS, (ended - started) / _MOST_OF_THE_TIME)
        self._next_sending = ended + pause


def report_failure(problem: Exception) -> None:
    """Tell in one line that the store failed.

    Raises:
        TrackingError: `TRACKING_REQUIRED=1`; its message is the line.
    """
    line = f"tracking: {public_address(store_address())} failed ({reason_of(problem)})"
    if os.environ.get("TRACKING_REQUIRED") == "1":
        raise TrackingError(line) from problem
    print(
        f"{line}; going on without it, `make publish` sends the results later",
        file=sys.stderr,
        flush=True,
    )


def _log(run: str, points: Sequence[Metric]) -> None:
    client = mlflow.MlflowClient()
    for start in range(0, len(points), _AT_ONCE):
        client.log_batch(run, metrics=points[start : start + _AT_ONCE])


def _points_of(run: str) -> set[tuple[str, int]]:
    """Name the points that a run has: metric and step."""
    client = mlflow.MlflowClient()
    return {
        (name, point.step)
        for name in client.get_run(run).data.metrics
        for point in client.get_metric_history(run, name)
    }


def _news(run: str, metrics: Mapping[str, Any]) -> list[Metric]:
    """Make points of single-valued metrics that a run does not have so already.

    MLflow would append a second point where a repeated evaluation finds the same again.
    """
    known = mlflow.MlflowClient().get_run(run).data.metrics
    return [point for point in values(metrics) if known.get(point.key) != point.value]


def _child(parent: mlflow.entities.Run, training: Training) -> str:
    """Find or make the run of a repeated training and return its id."""
    client, seed = mlflow.MlflowClient(), str(training.seed)
    experiment, own = parent.info.experiment_id, parent.info.run_id
    of_it = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{own}' AND tags.seed = '{seed}'"
    if not client.search_runs([experiment], of_it):
        tags = {name: value for name, value in parent.data.tags.items() if name in _INHERITED}
        tags |= {
            MLFLOW_PARENT_RUN_ID: own,
            "seed": seed,
            "fingerprint": training.fingerprint,
        }
        client.create_run(experiment, tags=tags, run_name=f"{parent.info.run_name}, seed {seed}")
    # A server whose answer was lost was asked again, and has made another.
    first, *spare = client.search_runs([experiment], of_it, order_by=["attributes.run_id"])
    for each in spare:
        client.delete_run(each.info.run_id)
    return first.info.run_id
