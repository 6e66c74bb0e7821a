"""What cannot be served is refused in one line, before anything is started."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from stages import serve
from stages.command import StageError
from stages.layout import ROOT
from stages.serve import HOST
from stages.tracking import new_run


@pytest.fixture
def port() -> str:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return str(free.getsockname()[1])


@pytest.fixture(autouse=True)
def starts_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def start(*_: object) -> None:
        pytest.fail("a server was started")

    monkeypatch.setattr(os, "execve", start)
    monkeypatch.setattr(serve, "SCRATCH", tmp_path / ".scratch")


@pytest.mark.parametrize("name", ["", "verifier", "Figures", "../figures"])
def test_an_unknown_pipeline_is_refused_with_those_that_there_are(name: str, port: str) -> None:
    with pytest.raises(StageError, match=r"PIPELINE: '.*', one of figures, digits, imbalance exp"):
        serve.serve(name, port)


@pytest.mark.parametrize("wrong", ["", "0", "65536", "-1", "80x", "５００１"])
def test_a_port_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(StageError, match=f"PORT: '{wrong}', a number from 1 to 65535 expected"):
        serve.serve("figures", wrong)


def test_a_port_in_use_is_refused_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(StageError, match=rf"port {number} of 127.0.0.1: .*PORT=…"):
            serve.serve("figures", str(number))


@pytest.mark.usefixtures("store")
def test_a_pipeline_without_a_champion_is_refused_with_what_to_do(port: str) -> None:
    mlflow.MlflowClient().create_registered_model("digits")
    for pipeline in ("figures", "digits"):  # one has no model, the other no alias
        with pytest.raises(StageError, match=f"{pipeline} has no champion yet; `make repro`"):
            serve.serve(pipeline, port)


@pytest.mark.usefixtures("store")
def test_a_model_whose_files_are_gone_is_told_with_their_place(port: str) -> None:
    with new_run("figures", "demo_1", 7, "abc"):
        run = mlflow.active_run().info.run_id
        model = mlflow.initialize_logged_model("model", source_run_id=run)
    mlflow.register_model(f"models:/{model.model_id}", "figures", await_registration_for=0)
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("figures", "champion", "1")
    with pytest.raises(StageError, match="bring them there, or train it anew") as problem:
        serve.serve("figures", port)
    assert model.model_id in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_store_that_does_not_answer_is_told_in_one_line_without_secrets(
    absent_server: str, port: str
) -> None:
    environment = os.environ | {"MLFLOW_TRACKING_URI": absent_server}
    command = [sys.executable, "-m", "stages.serve", "figures", port]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("serve: ")
    assert "secret" not in line
