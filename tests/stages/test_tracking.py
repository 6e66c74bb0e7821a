"""Runs are recorded in a real SQLite store, and a store that fails costs no training."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pytest

from stages.layout import ROOT
from stages.outputs import dvc_md5
from stages.run import TrackingError
from stages.store import public_address
from stages.tracking import continued_run, new_run
from stages.training import Data


def runs(pipeline: str = "figures") -> list[mlflow.entities.Run]:
    experiment = mlflow.get_experiment_by_name(pipeline)
    return mlflow.MlflowClient().search_runs([experiment.experiment_id])


def test_a_run_holds_parameters_metrics_pictures_data_and_tags(store: str, tmp_path: Path) -> None:
    picture = tmp_path / "losses.png"
    picture.write_bytes(b"png")
    parameters = {
        "layers": [{"width": 20, "activation": "relu"}, {"width": 10, "activation": "tanh"}],
        "optimizer": {"name": "sgd", "learning_rate": 0.01},
        "regularization": None,
    }
    with new_run("figures", "demo_1", seed=7, fingerprint="abc") as run:
        run.log_parameters(parameters)
        for epoch in (1, 2):
            run.log_epoch(epoch, {"train/loss": 1 / epoch})
        run.log_metrics({"test": {"accuracy": 0.5, "recall": {"cross": 1.0}}})
        run.log_files(picture, "plots")
        run.log_data(Data.of("digits", ROOT / "params.yaml", np.zeros((3, 4, 4), np.uint8)))
        run.describe("half of it right")
    (logged,) = runs()
    assert logged.info.status == "FINISHED"
    assert logged.info.run_name == "demo_1"
    assert logged.data.params == {
        "layers": "20:relu, 10:tanh",
        "optimizer.name": "sgd",
        "optimizer.learning_rate": "0.01",
        "regularization": "none",
    }
    assert logged.data.metrics == {"train/loss": 0.5, "test/accuracy": 0.5, "test/recall/cross": 1}
    client = mlflow.MlflowClient()
    history = client.get_metric_history(logged.info.run_id, "train/loss")
    assert [(point.step, point.value) for point in history] == [(1, 1.0), (2, 0.5)]
    assert [file.path for file in client.list_artifacts(logged.info.run_id, "plots")] == [
        "plots/losses.png"
    ]
    (data,) = logged.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("digits", dvc_md5(ROOT / "params.yaml"))
    tags = logged.data.tags
    assert {
        "pipeline": "figures",
        "variant": "demo_1",
        "seed": "7",
        "stage": "train",
        "fingerprint": "abc",
        "mlflow.note.content": "half of it right",
    }.items() <= tags.items()


def test_an_evaluation_continues_the_latest_run_of_its_training(store: str) -> None:
    for loss in (3.0, 2.0):
        with new_run("figures", "demo_1", seed=7, fingerprint="abc") as run:
            run.log_metrics({"best/loss": loss})
            run.mark_as_trained()
    with pytest.raises(KeyboardInterrupt), new_run("figures", "demo_1", 7, "abc"):
        raise KeyboardInterrupt
    with new_run("figures", "demo_2", seed=7, fingerprint="xyz"):
        pass
    with continued_run("figures", "demo_1", seed=7, fingerprint="abc") as run:
        run.log_metrics({"test/accuracy": 0.9})
    continued = [run for run in runs() if "test/accuracy" in run.data.metrics]
    assert [run.data.metrics["best/loss"] for run in continued] == [2.0]
    assert continued[0].data.tags["stage"] == "evaluate"
    assert len(runs()) == 4


def test_a_repeated_evaluation_leaves_final_metrics_single_valued(store: str) -> None:
    with new_run("figures", "demo_1", seed=7, fingerprint="abc") as run:
        run.mark_as_trained()
    for _ in range(2):
        with continued_run("figures", "demo_1", seed=7, fingerprint="abc") as run:
            run.log_metrics({"test/accuracy": 0.9})
    (logged,) = runs()
    history = mlflow.MlflowClient().get_metric_history(logged.info.run_id, "test/accuracy")
    assert [point.value for point in history] == [0.9]


def test_an_evaluation_of_a_training_that_the_store_does_not_know_gets_a_new_run(
    store: str,
) -> None:
    with continued_run("figures", "demo_1", seed=7, fingerprint="elsewhere") as run:
        run.log_metrics({"test/accuracy": 0.9})
    (logged,) = runs()
    assert logged.data.tags["restored_from"] == "elsewhere"


@pytest.mark.parametrize(
    ("problem", "status"),
    [(KeyboardInterrupt, "KILLED"), (SystemExit, "KILLED"), (ValueError, "FAILED")],
)
def test_a_run_that_does_not_end_well_says_how(
    store: str, problem: type[BaseException], status: str
) -> None:
    with pytest.raises(problem), new_run("figures", "demo_1", 7, "abc") as run:
        run.log_epoch(1, {"train/loss": 1.0})
        raise problem
    (logged,) = runs()
    assert logged.info.status == status
    assert logged.data.metrics == {"train/loss": 1.0}


def test_a_run_whose_process_was_killed_is_ended_by_the_next_one(store: str) -> None:
    code = """
import os, signal
from stages.tracking import new_run
with new_run("figures", "demo_1", 7, "abc"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert process.returncode == -signal.SIGKILL
    assert [run.info.status for run in runs()] == ["RUNNING"]
    with new_run("figures", "demo_1", 7, "abc"):
        statuses = sorted(run.info.status for run in runs())
    assert statuses == ["KILLED", "RUNNING"]


def test_commands_that_meet_on_a_fresh_database_all_record(store: str) -> None:
    Path(store.removeprefix("sqlite:///")).unlink()
    code = """
from stages.tracking import new_run
with new_run("figures", "demo_1", 7, "abc") as run:
    run.log_metrics({"test/accuracy": 1.0})
"""
    environment = os.environ | {"TRACKING_REQUIRED": "1"}
    together = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment) for _ in range(3)
    ]
    assert [process.wait(120) for process in together] == [0, 0, 0]
    assert [run.info.status for run in runs()] == ["FINISHED"] * 3


def record_something() -> None:
    with new_run("figures", "demo_1", 7, "abc") as run:
        run.log_parameters({"epochs": 1})
        run.log_metrics({"test/accuracy": 1.0})


@pytest.mark.usefixtures("absent_server")
def test_a_server_that_is_absent_costs_one_warning(capsys: pytest.CaptureFixture[str]) -> None:
    record_something()
    (line,) = capsys.readouterr().err.splitlines()
    assert "http://127.0.0.1" in line
    assert "`make publish` sends the results later" in line
    assert "secret" not in line


@pytest.mark.usefixtures("absent_server")
def test_a_server_that_is_absent_is_an_error_where_tracking_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRACKING_REQUIRED", "1")
    with pytest.raises(TrackingError, match="failed"):
        record_something()


def test_a_store_that_fails_in_the_middle_costs_the_rest_of_the_record(
    store: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    reached = []
    with new_run("figures", "demo_1", 7, "abc") as run:
        run.log_metrics({"before": 1.0})
        with monkeypatch.context() as patched:
            patched.setattr(mlflow.MlflowClient, "log_batch", fail)
            run.log_metrics({"during": 1.0})
        run.log_metrics({"after": 1.0})
        reached.append("the end of the training")
    assert reached
    assert capsys.readouterr().err.count("No space left on device") == 1
    (logged,) = runs()
    assert logged.data.metrics == {"before": 1.0}
    assert logged.info.status == "FAILED"  # the record is incomplete, the training is not


def test_secrets_in_an_address_are_not_printed() -> None:
    assert public_address("https://me:pass@host:5000/x") == "https://host:5000/x"
    assert public_address("sqlite:////tmp/mlflow.db") == "sqlite:////tmp/mlflow.db"
