"""Failures of the tracking server never lose results, and `publish` logs missing ones once."""

import logging
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.server import app, constants, handlers
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.store_contents import contents
from tests.workflow.project import Project, duplicate

EVALUATE = ("figures.evaluate", "demo_1")
PUBLISH = ("commands.publish",)
SECONDS_LATE = 5.0


class Server:
    """MLflow's tracking server in this process.

    The outcome of a request depends on its number: "answered", "refused", "error" (an error
    response), "lost" (processed without response) or "late".
    """

    def __init__(self, artifacts: Path) -> None:
        self._artifacts = artifacts
        self._former = 0
        self._counting = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.close = self._server.shutdown
        self.prepare()

    def prepare(self, outcome: Callable[[int], str] = lambda number: "answered") -> None:
        """Set the outcome of the next requests, and restart the count at 1."""
        self.outcome, self.count = outcome, 0

    def fail_at(self, last: int, outcome: str) -> None:
        """Answer the requests before a number, and refuse those after it."""
        self.prepare(
            lambda number: "answered" if number < last else outcome if number == last else "refused"
        )

    def begin_empty(self) -> None:
        """Rename the experiment, so that the next one starts without runs."""
        self.prepare()
        client = mlflow.MlflowClient(self.address)
        if experiment := client.get_experiment_by_name("figures"):
            self._former += 1
            client.rename_experiment(experiment.experiment_id, f"former {self._former}")

    def logged(self) -> dict[str, Any]:
        """Return the contents of the store for the figures pipeline."""
        client = mlflow.MlflowClient(self.address)
        experiment = client.get_experiment_by_name("figures")
        number = experiment.experiment_id
        return contents(client, number, self._artifacts / number)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._counting:
            self.count += 1
            outcome = self.outcome(self.count)
        if outcome == "late":
            time.sleep(SECONDS_LATE)
        if outcome == "error":
            return Response("{}", status=500)(environ, start_response)
        response = None if outcome == "refused" else Response.from_app(app, environ, buffered=True)
        if response is None or outcome == "lost":
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            environ["wsgi.input"].read()  # otherwise the rest would be read as the next request
            raise ConnectionError
        return response(environ, start_response)


@pytest.fixture(scope="module")
def server(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(empty_store, folder)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            constants.BACKEND_STORE_URI_ENV_VAR: f"sqlite:///{folder / 'mlflow.db'}",
            constants.ARTIFACT_ROOT_ENV_VAR: "mlflow-artifacts:/",
            constants.ARTIFACTS_DESTINATION_ENV_VAR: str(folder / "artifacts"),
            constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        }.items():
            environment.setenv(name, value)
        for cached in ("_tracking_store", "_artifact_repo"):  # of an earlier server
            environment.setattr(handlers, cached, None)
        server = Server(folder / "artifacts")
        yield server
        server.close()


@pytest.fixture(scope="module")
def project(finished: Project, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with only the results of demo_1, which logs to the server."""
    root = tmp_path_factory.mktemp("project") / "project"
    project = duplicate(finished, root, without=("mlruns", "mlflow.db*", "imbalance", "digits"))
    for variant in ("default", "best_mlp", "cnn"):
        shutil.rmtree(root / "results" / "figures" / variant)
    project.environment |= {
        "MLFLOW_TRACKING_URI": server.address,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "TRACKING_REQUIRED": "0",
    }
    return project


@pytest.fixture(scope="module")
def undisturbed(server: Server, project: Project) -> tuple[dict[str, Any], int]:
    """Contents of the store and number of requests when logging demo_1 without failures."""
    project.module(*EVALUATE, TRACKING_REQUIRED="1")
    count = server.count
    return server.logged(), count


@pytest.fixture
def expected(server: Server, undisturbed: tuple[dict[str, Any], int]) -> dict[str, Any]:
    """Expected contents of the store, which is empty at the start."""
    server.begin_empty()
    return undisturbed[0]


def test_an_absent_server_is_one_warning_and_publish_logs_everything_later(
    server: Server, project: Project, expected: dict[str, Any]
) -> None:
    before = project.snapshot("results")
    server.fail_at(1, "refused")
    warning, closing = project.module(*EVALUATE).splitlines()
    assert "`make publish` logs the results later" in warning
    assert "→ results/figures/demo_1" in closing
    assert project.snapshot("results") == before
    (line,) = project.module(*EVALUATE, succeeds=False, TRACKING_REQUIRED="1").splitlines()
    assert line.startswith(f"figures-evaluate@demo_1: tracking: {server.address} failed (")

    server.prepare()
    assert "logged figures/demo_1; 0 runs" in project.module(*PUBLISH)
    assert server.logged() == expected
    assert "logged nothing; 1 runs were complete" in project.module(*PUBLISH)
    assert server.logged() == expected


def test_after_repeated_failures_there_is_one_complete_run(
    server: Server,
    project: Project,
    expected: dict[str, Any],
    undisturbed: tuple[dict[str, Any], int],
) -> None:
    count = undisturbed[1]
    server.fail_at(count // 4, "refused")
    assert "going on without it" in project.module(*EVALUATE)
    for last, outcome in ((count // 2, "error"), (3 * count // 4, "lost")):
        server.fail_at(last, outcome)
        assert "going on without it" in project.module(*PUBLISH)
    server.prepare()
    project.module(*PUBLISH)
    assert server.logged() == expected


def test_a_stage_waits_for_a_slow_server(
    server: Server, project: Project, expected: dict[str, Any]
) -> None:
    server.prepare(lambda number: "late" if number in (5, 15) else "answered")
    (closing,) = project.module(*EVALUATE).splitlines()
    assert float(closing.rpartition("(")[2].removesuffix(" s)")) > 2 * SECONDS_LATE
    assert server.logged() == expected
