"""The MLflow run of one variant, whose methods do nothing once the tracking store has failed.

What a run holds already is not sent again, so that whatever was half sent can be sent once more.
"""

import functools
import importlib.metadata
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import LoggedModelStatus, Metric, Param, RunStatus
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE
from sqlalchemy.exc import SQLAlchemyError

from stages.layout import ROOT
from stages.leaderboard import write_leaderboard
from stages.ranking import Ranking
from stages.stopping import held_back, is_stopping
from stages.store import is_database, public_address, reason_of, store_address
from stages.training import Data, Training
from stages.unsent import keep_for_later

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

_SECONDS_BETWEEN_SENDINGS = 5.0
_MOST_OF_THE_TIME = 0.1  # that sending the epochs may take from their training
_AT_ONCE = 1000  # metrics that one call accepts
FAILURES = (mlflow.MlflowException, SQLAlchemyError, OSError)  # requests' errors are OSErrors
_Arguments = ParamSpec("_Arguments")


@dataclass(frozen=True)
class ServedModel:
    """What `mlflow models serve` needs beside the saved model.

    Attributes:
        code: the module that defines and sets the pyfunc model (models from code).
        signature: what goes in and what comes out.
        example: an input.
        requirements: packages to pin at the versions installed here.
    """

    code: Path
    signature: "ModelSignature"
    example: Any
    requirements: Sequence[str]


class TrackingError(OSError):
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
        tags: that name the run, and that it gets if it has to be made anew.

    Attributes:
        recorded: whether what is logged arrives anywhere.
        has_training: whether the store has all of the training already.
    """

    def __init__(self, tags: Mapping[str, str]) -> None:
        self.recorded = True
        self.has_training = False
        self._tags = dict(tags)
        self._id = ""
        self._had_points = False
        self._sent: set[tuple[str, int]] = set()
        self._waiting: list[Metric] = []
        self._next_sending = time.monotonic() + _SECONDS_BETWEEN_SENDINGS

    @_unless_down
    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log parameters; a section becomes `section.parameter`, a list one line of text."""
        mlflow.MlflowClient().log_batch(self._id, params=_as_params(parameters))

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
        points = _points(epoch, metrics)
        self._waiting += points
        self._sent |= {(point.key, epoch) for point in points}
        if time.monotonic() > self._next_sending:
            self._send()

    @_unless_down
    def log_history(self, history: pd.DataFrame) -> None:
        """Log those epochs that have not been logged; see `training.read_history`."""
        known = self._sent | (_points_of(self._id) if self._had_points else set())
        self._waiting += _unknown(_curves(history), known)
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
        parent = client.get_run(self._id)
        experiment, seed = parent.info.experiment_id, str(training.seed)
        tags = self._tags | {
            MLFLOW_PARENT_RUN_ID: self._id,
            "seed": seed,
            "fingerprint": training.fingerprint,
        }
        known = client.search_runs(
            [experiment],
            f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self._id}' AND tags.seed = '{seed}'",
        )
        name = f"{parent.info.run_name}, seed {seed}"
        child = known[0] if known else client.create_run(experiment, tags=tags, run_name=name)
        own = child.info.run_id
        client.log_batch(own, params=_as_params(training.parameters))
        there = _points_of(own) if known else set()
        points = _unknown(_curves(history), there)
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
        if _has_model(self._id):
            return
        versions = {name: importlib.metadata.version(name) for name in served.requirements}
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(served.code),
            artifacts={"model": str(files)},
            code_paths=[str(ROOT / "pipelines")],
            signature=served.signature,
            input_example=served.example,
            pip_requirements=[
                # The build of torch for one kind of machine is no requirement on another.
                f"{package}=={version.partition('+')[0]}"
                for package, version in versions.items()
            ],
        )

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
        keep_for_later(self._tags, self._id)

    def _send(self) -> None:
        batch, self._waiting = self._waiting, []
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


def _points(epoch: int, metrics: Mapping[str, float]) -> list[Metric]:
    """Make the points of an epoch's curves.

    The curve over the test part is for a picture; nobody shall choose by it.
    """
    now = int(time.time() * 1000)
    return [
        Metric(name, float(value), now, epoch)
        for name, value in metrics.items()
        if not (name.endswith("epoch") or name.startswith("test/") or math.isnan(value))
    ]


def _curves(history: pd.DataFrame) -> list[Metric]:
    rows = history.to_dict("index").items()
    return [point for epoch, row in rows for point in _points(int(epoch), row)]


def _unknown(points: Sequence[Metric], known: set[tuple[str, int]]) -> list[Metric]:
    return [point for point in points if (point.key, point.step) not in known]


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
    now = int(time.time() * 1000)
    known = mlflow.MlflowClient().get_run(run).data.metrics
    flat = {key: float(value) for key, value in _flatten(metrics, "/").items()}
    return [Metric(key, value, now, 0) for key, value in flat.items() if known.get(key) != value]


def _has_model(run: str) -> bool:
    """Whether a run has a model that was logged wholly."""
    client = mlflow.MlflowClient()
    outputs = client.get_run(run).outputs
    models = [client.get_logged_model(each.model_id) for each in outputs.model_outputs]
    return any(model.status == LoggedModelStatus.READY for model in models)


def _as_params(parameters: Mapping[str, Any]) -> list[Param]:
    flat = _flatten(parameters, ".")
    return [Param(key, _as_text(value)) for key, value in flat.items()]


def _flatten(document: Mapping[str, Any], separator: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, Mapping):
            inner = _flatten(value, separator)
            flat |= {f"{key}{separator}{name}": entry for name, entry in inner.items()}
        else:
            flat[key] = value
    return flat


def _as_text(value: Any) -> str:
    """Write a list of layers as `20:relu, 10:tanh`, everything else as it is."""
    if isinstance(value, Mapping):
        return ":".join(map(_as_text, value.values()))
    if isinstance(value, list | tuple):
        return ", ".join(map(_as_text, value)) or "none"
    return "none" if value is None else str(value)
