"""A training that lasts shows its curve while it lasts, and its run holds the results later."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest

from stages.errors import StageError
from stages.outputs.signals import Stopped
from stages.tracking import live_curve
from tests.stages import example


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training lasts long enough to show its curve, and sends every epoch."""
    monkeypatch.setattr(live_curve, "SECONDS_UNTIL_LIVE", 0.0)
    monkeypatch.setattr(live_curve, "_SECONDS_BETWEEN_SENDINGS", 0.0)
    monkeypatch.setattr(live_curve, "_SHARE_OF_TIME", float("inf"))


def curves(store: mlflow.MlflowClient) -> list[tuple[str, list[int]]]:
    """Return the status and the epochs of every run."""
    return [
        (
            run.info.status,
            [p.step for p in store.get_metric_history(run.info.run_id, "validation/loss")],
        )
        for run in example.runs(store)
    ]


def failing(problem: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise problem

    return fail


def test_a_short_training_sends_nothing(store: mlflow.MlflowClient) -> None:
    example.train()
    assert example.runs(store) == []


@pytest.mark.usefixtures("at_once")
def test_every_epoch_is_sent_once_and_the_run_then_takes_the_results(
    store: mlflow.MlflowClient,
) -> None:
    seen: list[Any] = []
    example.train(seeds=2, during=lambda *_: seen.append(curves(store)))
    assert seen == [[("RUNNING", [1, 2, 3])]] * 2  # the first seed has the curve
    assert curves(store) == [("FINISHED", [1, 2, 3])]
    (live,) = example.runs(store)
    assert live.data.params == {"width": "2", "dataset": "zeros"}
    assert "test/x" not in live.data.metrics
    time.sleep(1)
    example.evaluate()
    (run,) = [run for run in example.runs(store) if "seed " not in run.info.run_name]
    assert (run.info.run_id, run.info.start_time) == (live.info.run_id, live.info.start_time)
    assert abs(run.info.end_time - live.info.end_time) < 1000  # the pause is not part of it
    assert run.data.metrics["summary/accuracy"] == 0.5
    assert curves(store) == [("FINISHED", [1, 2, 3])] * 3
    assert example.log() is False


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("problem", "raised", "status"),
    [
        (Stopped(143), SystemExit, "KILLED"),
        (KeyboardInterrupt(), KeyboardInterrupt, "KILLED"),
        (ValueError("the loss is not finite"), StageError, "FAILED"),
    ],
)
def test_the_run_of_a_training_that_ends_early_says_how_and_is_replaced(
    store: mlflow.MlflowClient,
    problem: BaseException,
    raised: type[BaseException],
    status: str,
) -> None:
    with pytest.raises(raised):
        example.train(during=failing(problem))
    assert curves(store) == [(status, [1, 2, 3])]
    example.train()
    example.evaluate()
    assert curves(store) == [("FINISHED", [1, 2, 3])]


@pytest.mark.usefixtures("at_once")
def test_a_run_in_which_the_log_of_the_results_was_interrupted_is_replaced(
    store: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    example.train()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(mlflow.MlflowClient, "log_artifacts", failing(KeyboardInterrupt()))
        example.evaluate()
    (half,) = example.runs(store)
    assert example.log() is True
    (run,) = example.runs(store)
    assert run.info.run_id != half.info.run_id
    assert curves(store) == [("FINISHED", [1, 2, 3])]


@pytest.mark.usefixtures("at_once")
def test_a_store_that_fails_costs_the_curve_and_one_warning_but_not_the_training(
    store: mlflow.MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patched:
        problem = mlflow.MlflowException("it is locked")
        patched.setattr(mlflow.MlflowClient, "log_batch", failing(problem))
        example.train()
    assert capfd.readouterr().err.count("it is locked") == 1
    example.evaluate()
    assert curves(store) == [("FINISHED", [1, 2, 3])]


@pytest.mark.parametrize("answer", [0.01, 5.0, 60.0])
@pytest.mark.parametrize("epoch", [0.001, 2.0, 100.0])
def test_sending_takes_a_tenth_of_a_training_at_most_however_slow_the_store_is(
    monkeypatch: pytest.MonkeyPatch, answer: float, epoch: float
) -> None:
    now, sent = [0.0], [0]

    def send(_curve: object, _status: str = "") -> None:
        now[0] += answer
        sent[0] += 1

    monkeypatch.setattr(live_curve, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(live_curve.LiveCurve, "_send", send)
    curve = live_curve.LiveCurve("figures", "small", None, 7, {})
    for number in range(1, 5001):
        now[0] += epoch
        curve.log_epoch(number, {"train/loss": 1.0})
    assert sent[0] * answer <= 0.1 * now[0] + answer
    assert sent[0] <= now[0] / 5
