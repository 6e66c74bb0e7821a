"""`make serve` refuses invalid requests in one line, before a server starts."""

import os
import shutil
import socket
from pathlib import Path
from typing import Any

import mlflow
import pytest

from stages.commands import serve as command
from stages.commands.publish import publish
from stages.commands.serve import HOST, serve
from stages.errors import StageError, TrackingError
from tests.stages import example


class StartedError(Exception):
    """Raised instead of starting a server. Its arguments are command and environment."""


@pytest.fixture
def port() -> str:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return str(free.getsockname()[1])


@pytest.fixture(autouse=True)
def starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_program: str, arguments: list[str], environment: dict[str, str]) -> None:
        raise StartedError(arguments, environment)

    monkeypatch.setattr(os, "execve", start)
    monkeypatch.setenv("TRACKING_REQUIRED", "0")


@pytest.fixture
def champion(store: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The champion of `figures`."""
    monkeypatch.setattr("stages.commands.publish.PIPELINES", (example.PIPELINE,))
    example.train()
    example.evaluate()
    publish(None)
    return store.get_model_version_by_alias("figures", "champion")


def test_the_champion_is_served_on_localhost_and_a_request_is_printed(
    champion: Any, port: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StartedError) as started:
        serve("figures", port)
    arguments, environment = started.value.args
    assert arguments[-5:] == ["models:/figures@champion", "--host", "127.0.0.1", "--port", port]
    assert environment["MLFLOW_TRACKING_URI"] == f"sqlite:///{project / 'mlflow.db'}"
    assert (project / ".scratch" / "requests" / "figures.json").read_text().startswith("{")
    output = capsys.readouterr().out
    assert "figures: small, version 1" in output
    assert f"http://{HOST}:{port}/invocations" in output


@pytest.mark.parametrize(
    ("pipeline", "number", "problem"),
    [
        *((name, "5001", "must be one of figures, ") for name in ("", "Figures", "../figures")),
        *(("figures", wrong, "from 1 to 65535") for wrong in ("", "0", "65536", "80x", "５００１")),
    ],
)
def test_an_unknown_pipeline_and_an_invalid_port_are_refused_with_the_accepted_values(
    pipeline: str, number: str, problem: str
) -> None:
    with pytest.raises(StageError, match=problem):
        serve(pipeline, number)


def test_a_port_in_use_is_refused_with_a_hint() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(StageError, match=rf"port {number} of 127.0.0.1: .*PORT=…"):
            serve("figures", str(number))


def test_a_pipeline_without_a_champion_is_refused_with_a_hint(
    store: mlflow.MlflowClient, port: str
) -> None:
    store.create_registered_model("digits")
    for pipeline in ("figures", "digits"):  # one has no model, the other no alias
        with pytest.raises(StageError, match=f"{pipeline} has no champion yet; register it with"):
            serve(pipeline, port)


def test_a_model_with_missing_files_is_refused_with_their_path(
    champion: Any, port: str, project: Path
) -> None:
    shutil.rmtree(project / "mlruns")
    with pytest.raises(StageError, match="restore them, or train again") as refused:
        serve("figures", port)
    assert str(project / "mlruns") in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("absent_server")
def test_a_store_that_is_down_is_an_error_without_secrets(port: str) -> None:
    with pytest.raises(TrackingError) as refused:
        command.serve("figures", port)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
