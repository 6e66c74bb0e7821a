"""The MLflow run of one variant, whose methods do nothing once the tracking store has failed."""

import functools
import importlib.metadata
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import mlflow
from mlflow.entities import Metric, Param, RunStatus
from sqlalchemy.exc import SQLAlchemyError

from stages.layout import ROOT
from stages.leaderboard import write_leaderboard
from stages.outputs import dvc_md5
from stages.stopping import held_back, is_stopping
from stages.store import is_database, public_address, store_address

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

_SECONDS_BETWEEN_SENDINGS = 5.0
_PINNED = ("mlflow", "numpy", "pandas", "scikit-learn", "scipy")
_FAILURES = (mlflow.MlflowException, SQLAlchemyError, OSError)  # requests' errors are OSErrors
_Arguments = ParamSpec("_Arguments")


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
        except _FAILURES as problem:
            run.give_up(problem)

    return guarded


class Run:
    """The MLflow run of one variant; it swallows everything once the store has failed.

    Attributes:
        recorded: whether what is logged arrives anywhere.
    """

    def __init__(self) -> None:
        self.recorded = True
        self._id = ""
        self._waiting: list[Metric] = []
        self._last_sending = time.monotonic()

    @_unless_down
    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log parameters; a section becomes `section.parameter`, a list one line of text."""
        flat = {key: _as_text(value) for key, value in _flatten(parameters, ".").items()}
        params = [Param(key, value) for key, value in flat.items()]
        mlflow.MlflowClient().log_batch(self._id, params=params)

    @_unless_down
    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Log the metrics of an epoch; they are sent every few seconds, in batches."""
        now = int(time.time() * 1000)
        self._waiting += [Metric(key, float(value), now, epoch) for key, value in metrics.items()]
        if time.monotonic() - self._last_sending > _SECONDS_BETWEEN_SENDINGS:
            self._send()

    @_unless_down
    def log_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Log final, single-valued metrics; a section becomes `section/metric`."""
        now = int(time.time() * 1000)
        known = mlflow.MlflowClient().get_run(self._id).data.metrics
        flat = {key: float(value) for key, value in _flatten(metrics, "/").items()}
        # MLflow would append a second point where a repeated evaluation finds the same again.
        new = {key: value for key, value in flat.items() if known.get(key) != value}
        self._waiting += [Metric(key, value, now, 0) for key, value in new.items()]
        self._send()

    @_unless_down
    def log_data(self, name: str, path: Path, features: Any, labels: Any) -> None:
        """Log which data set a training used, with DVC's md5 as its digest.

        Args:
            name: as the UI shows it.
            path: the file or folder that DVC manages.
            features: the array that was read from it; its shape and type are logged.
            labels: the labels, `[count]`.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The specified dataset source")
            data = mlflow.data.from_numpy(
                features,
                targets=labels,
                name=name,
                digest=dvc_md5(path),
                source=path.relative_to(ROOT).as_posix(),
            )
        mlflow.log_input(data, context="training")

    @_unless_down
    def log_files(self, path: Path, folder: str | None = None) -> None:
        """Log a file, or every file of a folder, as artifacts."""
        client = mlflow.MlflowClient()
        (client.log_artifacts if path.is_dir() else client.log_artifact)(
            self._id, str(path), folder
        )

    @_unless_down
    def log_model(
        self,
        code: Path,
        files: Path,
        signature: "ModelSignature",
        example: Any,
        requirements: Sequence[str] = _PINNED,
    ) -> None:
        """Log a model that `mlflow models serve` answers for, without pickle.

        Args:
            code: the module that defines and sets the pyfunc model (models from code).
            files: the folder of the saved model, given to it as the artifact `model`.
            signature: what goes in and what comes out.
            example: an input.
            requirements: packages to pin at the versions installed here.
        """
        versions = {package: importlib.metadata.version(package) for package in requirements}
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(code),
            artifacts={"model": str(files)},
            code_paths=[str(ROOT / "pipelines")],
            signature=signature,
            input_example=example,
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
    def describe(self, text: str) -> None:
        """Set the run's description, which the UI shows first; Markdown."""
        mlflow.MlflowClient().set_tag(self._id, "mlflow.note.content", text)

    @_unless_down
    def rank(self, metric: str, task: str, tie_break: str, columns: Mapping[str, str]) -> None:
        """Let the experiment's description tell which variant leads; see `write_leaderboard`."""
        experiment = mlflow.MlflowClient().get_run(self._id).info.experiment_id
        write_leaderboard(experiment, metric, task, tie_break, columns)

    @_unless_down
    def open(self, make: Callable[[], mlflow.ActiveRun]) -> None:
        """Begin recording in the run that `make` starts."""
        self._id = make().info.run_id

    @_unless_down
    def close(self, status: str) -> None:
        """Send what waits and end the run as `status`, a name of MLflow's `RunStatus`."""
        self._send()
        mlflow.end_run(status)

    def give_up(self, problem: Exception) -> None:
        """Stop recording: warn once, or raise `TrackingError` if tracking is required."""
        self.recorded = False
        status = RunStatus.KILLED if is_stopping() else RunStatus.FAILED
        with suppress(*_FAILURES):  # or else MLflow would try once more when the process ends
            mlflow.end_run(RunStatus.to_string(status))
        reason = public_address(" ".join(str(problem).split()))[:300]
        line = f"tracking: {public_address(store_address())} failed ({reason})"
        if os.environ.get("TRACKING_REQUIRED") == "1":
            raise TrackingError(line) from problem
        print(f"{line}; going on without it, results are on disk", file=sys.stderr, flush=True)

    def _send(self) -> None:
        batch, self._waiting = self._waiting, []
        self._last_sending = time.monotonic()
        client = mlflow.MlflowClient()
        for start in range(0, len(batch), 1000):  # the most that one call accepts
            client.log_batch(self._id, metrics=batch[start : start + 1000])


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
