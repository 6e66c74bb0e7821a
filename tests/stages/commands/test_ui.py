"""`make ui` prints links for each pipeline with runs, then starts the MLflow UI."""

import os
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import mlflow
import pytest

from stages.commands.ui import ui
from stages.errors import TrackingError
from tests.stages import example


class StartedError(Exception):
    """Raised instead of starting a server. Its argument is the command."""


@pytest.fixture(autouse=True)
def starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_program: str, command: list[str]) -> None:
        raise StartedError(command)

    monkeypatch.setattr(os, "execv", start)
    monkeypatch.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "true")  # restored after the test
    monkeypatch.setenv("TRACKING_REQUIRED", "0")
    monkeypatch.setattr("stages.commands.ui.PIPELINES", (example.PIPELINE,))


def started(capsys: pytest.CaptureFixture[str]) -> tuple[list[Any], str]:
    """Return the command of the server and the output before it."""
    with pytest.raises(StartedError) as caught:
        ui("5000")
    return caught.value.args[0], capsys.readouterr().out


def test_links_open_the_view_its_charts_and_the_latest_run_of_each_variant(
    store: mlflow.MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    example.train("small")
    example.train("wide", width=20)
    for variant, accuracy in (("small", 0.25), ("small", 0.5), ("wide", 0.75)):
        example.evaluate(variant, accuracy)
    _, printed = started(capsys)
    title, view, charts, compare = map(str.strip, printed.splitlines()[2:])
    assert title.startswith("figures:")
    experiment = store.get_experiment_by_name("figures").experiment_id
    page = f"http://127.0.0.1:5000/#/experiments/{experiment}/runs?viewStateShareKey=leaderboard&"
    assert view.startswith(page)
    assert charts == f"{view}&compareRunsMode=CHART"
    ids = re.fullmatch(r".*/#/compare-runs\?runs=\[(.*)\]&experiments=.*", unquote(compare))[1]
    latest = {run.data.metrics["summary/accuracy"]: run.info.run_id for run in example.runs(store)}
    assert ids == f'"{latest[0.75]}","{latest[0.5]}"'


def test_the_server_listens_on_localhost_and_reads_the_store_of_the_project(
    project: Path, store: mlflow.MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    command, printed = started(capsys)
    assert os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
    options = dict(zip(command[4::2], command[5::2], strict=True))
    assert (options["--host"], options["--port"]) == ("127.0.0.1", "5000")
    assert options["--backend-store-uri"] == f"sqlite:///{project / 'mlflow.db'}"
    assert "no runs yet; `make repro` logs them" in printed


@pytest.mark.usefixtures("absent_server")
def test_a_store_that_is_down_is_an_error_without_secrets() -> None:
    with pytest.raises(TrackingError) as refused:
        ui("5000")
    assert "secret" not in str(refused.value)
