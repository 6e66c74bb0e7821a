"""The champion of every pipeline is served to this machine alone, and answers what is printed."""

import json
import os
import shlex
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psutil
import pytest

from pipelines.figures import CLASSES
from tests.workflow.project import Project


@contextmanager
def served(project: Project, pipeline: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Type `make serve` in an environment that is set up, and wait until the server answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = ("--assume-old", ".venv/bin/.installed")
    process = project.start("make", *made, "serve", f"PIPELINE={pipeline}", f"PORT={port}")
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", process)
        yield port, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(address: str, process: subprocess.Popen[str]) -> None:
    last = time.monotonic() + 180
    while time.monotonic() < last:
        assert process.poll() is None, process.communicate()[0]
        try:
            with urllib.request.urlopen(address):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"{address} does not answer")


def is_answer_about_figures(rows: Any) -> None:
    assert len(rows) == 2
    for row in rows:
        beliefs = [row[name] for name in CLASSES]
        assert sum(beliefs) == pytest.approx(1, abs=1e-5)
        assert row["figure"] == CLASSES[int(np.argmax(beliefs))]


def is_answer_about_digits(answer: Any) -> None:
    assert np.shape(answer["reconstruction"]) == (2, 28, 28)
    assert np.shape(answer["reconstruction_error"]) == np.shape(answer["anomaly_score"]) == (2,)
    assert answer["samples"] == []


def is_forecast(rows: Any) -> None:
    assert [row["step"] for row in rows] == list(range(1, 25))
    for row in rows:
        assert row["lower_90"] < row["lower_80"] < row["upper_80"] < row["upper_90"]


@pytest.mark.parametrize(
    ("pipeline", "is_right"),
    [
        ("figures", is_answer_about_figures),
        ("digits", is_answer_about_digits),
        ("imbalance", is_forecast),
    ],
)
def test_the_champion_answers_the_printed_request_on_this_machine_alone_until_ctrl_c(
    finished: Project, pipeline: str, is_right: Callable[[Any], None]
) -> None:
    with served(finished, pipeline) as (port, process):
        assert process.stdout
        said, command = process.stdout.readline(), process.stdout.readline()
        assert said.startswith(f"{pipeline}: ")
        program, *arguments = shlex.split(command)
        answer = finished.run(program, "--silent", *arguments)
        is_right(json.loads(answer)["predictions"])

        group = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        sockets = [socket for each in group for socket in each.net_connections()]
        listening = {each.laddr for each in sockets if each.status == psutil.CONN_LISTEN}
        assert listening == {("127.0.0.1", port)}

        os.killpg(process.pid, signal.SIGINT)
        _, alive = psutil.wait_procs(group, timeout=60)
        assert alive == []
