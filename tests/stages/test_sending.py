"""Epochs are sent seldom and in batches, however slowly the store answers."""

from pathlib import Path
from typing import Any

import mlflow
import pytest

from stages.outputs import whole
from stages.run import Run, TrackingError


class Clock:
    """Stands still but for what happens."""

    def __init__(self) -> None:
        self.now = 0.0
        self.seconds = 0.0
        self.sending = 0.0
        self.sent: list[int] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("stages.run.time", clock)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")

    def log_batch(_client: object, _run: str, metrics: list[Any]) -> None:
        clock.sent.append(len(metrics))
        clock.now += clock.seconds
        clock.sending += clock.seconds

    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", log_batch)
    return clock


def train(clock: Clock, epochs: int, seconds: float) -> None:
    run = Run()
    for epoch in range(1, epochs + 1):
        clock.now += seconds
        run.log_epoch(epoch, {"train/loss": 1.0, "validation/loss": 2.0})


@pytest.mark.parametrize("answer", [5.0, 60.0])
@pytest.mark.parametrize("epoch", [0.001, 0.1, 2.0, 100.0])
def test_sending_takes_a_tenth_of_the_training_however_slow_the_store_is(
    clock: Clock, answer: float, epoch: float
) -> None:
    clock.seconds = answer
    train(clock, 20_000, epoch)
    assert clock.sending <= 0.1 * clock.now + answer
    assert max(clock.sent, default=0) <= 1000


def test_a_quick_store_is_asked_every_few_seconds_at_most(clock: Clock) -> None:
    clock.seconds = 0.01
    train(clock, 10_000, 0.1)
    assert 150 <= len(clock.sent) <= 200
    assert sum(clock.sent) > 19_000


def test_a_store_that_fails_while_an_output_is_written_is_named_not_the_output(
    tmp_path: Path, absent_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKING_REQUIRED", "1")
    monkeypatch.setattr("stages.run._SECONDS_BETWEEN_SENDINGS", -1.0)
    with (
        pytest.raises(TrackingError, match=r"tracking: http://127\.0\.0\.1"),
        whole(tmp_path / "model"),
    ):
        Run().log_epoch(1, {"train/loss": 1.0})
