"""Log the metrics of a training to MLflow while it runs."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stages.outputs.provenance import Provenance

if TYPE_CHECKING:
    from mlflow.entities import Metric

#: Shorter trainings are logged from their files only, so they do not import MLflow.
SECONDS_UNTIL_LIVE = 10.0
_SECONDS_BETWEEN_SENDINGS = 5.0
_SHARE_OF_TIME = 0.1  # of a training that sending may take


class LiveCurve:
    """Send the metrics of a training's epochs to MLflow every few seconds.

    If the store fails, nothing more is sent. The results are logged later from their files.

    Args:
        pipeline: name of the experiment.
        variant: name of the run.
        provenance: provenance of the training.
        seed: seed of the variant's primary model.
        parameters: parameters of the run.
    """

    def __init__(
        self,
        pipeline: str,
        variant: str,
        provenance: Provenance,
        seed: int,
        parameters: Mapping[str, Any],
    ) -> None:
        self._names = pipeline, variant, seed
        self._provenance = provenance
        self._parameters = parameters
        self._run = ""
        self._failed = False
        self._epochs: list[tuple[int, Mapping[str, float]]] = []
        self._next = time.monotonic() + SECONDS_UNTIL_LIVE

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Add the metrics of an epoch, and send all new ones if enough time has passed."""
        self._epochs.append((epoch, metrics))
        if time.monotonic() >= self._next:
            started = time.monotonic()
            self._send()
            ended = time.monotonic()
            pause = max(_SECONDS_BETWEEN_SENDINGS, (ended - started) / _SHARE_OF_TIME)
            self._next = ended + pause

    def close(self, status: str) -> None:
        """End the run, if it exists, with the status `FINISHED`, `FAILED` or `KILLED`."""
        if self._run:
            self._send(status)

    def _send(self, status: str = "") -> None:
        from mlflow import MlflowClient

        from stages.tracking.entities import points_of_epoch
        from stages.tracking.runs import COMPLETE, create_run
        from stages.tracking.store import tolerating_failures

        if self._failed:
            return
        points: list[Metric] = []
        for epoch, metrics in self._epochs:
            points += points_of_epoch(epoch, metrics)
        with tolerating_failures():
            try:
                if not self._run:
                    self._run = create_run(*self._names, self._provenance, self._parameters)
                client = MlflowClient()
                client.log_batch(self._run, metrics=points)
                self._epochs.clear()
                if status == "FINISHED":
                    client.set_tag(self._run, COMPLETE, "true")
                if status:
                    client.set_terminated(self._run, status)
            except Exception:
                self._failed = True
                raise


@contextmanager
def live_curve(
    pipeline: str,
    variant: str,
    provenance: Provenance,
    seed: int,
    parameters: Mapping[str, Any],
) -> Iterator[LiveCurve]:
    """Open the live curve of a training; see `LiveCurve`.

    Yields:
        The curve. Its run ends as `FINISHED`, after a signal as `KILLED`, after any other error
        as `FAILED`.
    """
    curve = LiveCurve(pipeline, variant, provenance, seed, parameters)
    try:
        yield curve
    except (KeyboardInterrupt, SystemExit):
        curve.close("KILLED")
        raise
    except BaseException:
        curve.close("FAILED")
        raise
    curve.close("FINISHED")
