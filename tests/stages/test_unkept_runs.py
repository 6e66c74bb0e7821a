"""A training whose outputs DVC was killed before keeping leaves no run that looks whole."""

from pathlib import Path

import mlflow
import pytest

from stages.record import TOLD
from stages.tracking import continued_run, new_run


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")


def train(fingerprint: str = "abc") -> None:
    with new_run("figures", "demo_1", seed=7, fingerprint=fingerprint) as run:
        run.mark_as_trained()


def evaluate() -> None:
    with continued_run("figures", "demo_1", seed=7, fingerprint="abc") as run:
        run.mark_as_told(TOLD, "digest")


def statuses() -> list[str]:
    """The statuses of all runs, the earliest first."""
    experiment = mlflow.get_experiment_by_name("figures").experiment_id
    found = mlflow.MlflowClient().search_runs([experiment], order_by=["attributes.start_time ASC"])
    return [run.info.status for run in found]


def test_of_a_training_that_is_done_again_only_the_last_run_counts() -> None:
    train()
    assert statuses() == ["FINISHED"]
    train()
    assert statuses() == ["KILLED", "FINISHED"]
    evaluate()
    assert statuses() == ["KILLED", "FINISHED"]


def test_a_run_that_was_evaluated_or_is_of_another_training_is_left_alone() -> None:
    train()
    evaluate()
    train("xyz")
    train()
    assert statuses() == ["FINISHED"] * 3
