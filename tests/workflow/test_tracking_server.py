"""Whatever the tracking server does, results stand, and `publish` logs what is missing, once."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.project import Project, duplicate
from tests.workflow.tracking_server import (
    ANSWERED,
    ERROR,
    LATE,
    LOST,
    REFUSED,
    SECONDS_LATE,
    Fate,
    Server,
    tracking_server,
)

EVALUATE = ("figures.evaluate", "demo_1")
PUBLISH = ("commands.publish",)


@pytest.fixture(scope="module")
def server(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(empty_store, folder)
    with tracking_server(folder) as server:
        yield server


@pytest.fixture(scope="module")
def project(finished: Project, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with results of demo_1 alone, whose store is the server."""
    root = tmp_path_factory.mktemp("project") / "project"
    project = duplicate(finished, root, without=("mlruns", "mlflow.db*", "imbalance", "digits"))
    for variant in ("default", "reference"):
        shutil.rmtree(root / "results" / "figures" / variant)
    project.environment |= {
        "MLFLOW_TRACKING_URI": server.address,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "TRACKING_REQUIRED": "0",
    }
    return project


@pytest.fixture(scope="module")
def undisturbed(server: Server, project: Project) -> tuple[dict[str, Any], int]:
    """What the store holds of demo_1 in peace, and how many requests its logging takes."""
    project.module(*EVALUATE, TRACKING_REQUIRED="1")
    return server.logged(), server.count


@pytest.fixture(autouse=True)
def _empty(server: Server, undisturbed: object) -> None:
    server.begin_empty()


def until(last: int, fate: str) -> Fate:
    """Answer the first requests; then this fate for one, and refusal for all after it."""
    return lambda number: ANSWERED if number < last else fate if number == last else REFUSED


def test_an_absent_server_costs_one_warning_and_publish_logs_everything_later(
    server: Server, project: Project, undisturbed: tuple[dict[str, Any], int]
) -> None:
    before = project.snapshot("results")
    server.prepare(until(1, REFUSED))
    warning, closing = project.module(*EVALUATE).splitlines()
    assert "`make publish` logs the results later" in warning
    assert "→ results/figures/demo_1" in closing
    assert project.snapshot("results") == before
    (line,) = project.module(*PUBLISH, succeeds=False, TRACKING_REQUIRED="1").splitlines()
    assert line.startswith(f"publish: tracking: {server.address} failed (")
    (line,) = project.module(*EVALUATE, succeeds=False, TRACKING_REQUIRED="1").splitlines()
    assert line.startswith(f"figures-evaluate@demo_1: tracking: {server.address} failed (")

    server.prepare()
    assert "logged figures/demo_1; 0 runs" in project.module(*PUBLISH)
    assert server.logged() == undisturbed[0]
    assert "logged nothing; 1 runs were complete" in project.module(*PUBLISH)
    assert server.logged() == undisturbed[0]


def test_a_server_that_fails_again_and_again_ends_with_one_complete_run(
    server: Server, project: Project, undisturbed: tuple[dict[str, Any], int]
) -> None:
    expected, count = undisturbed
    server.prepare(until(count // 4, REFUSED))
    assert "going on without it" in project.module(*EVALUATE)
    for last, fate in ((count // 2, ERROR), (count - 2, LOST)):
        server.prepare(until(last, fate))
        assert "going on without it" in project.module(*PUBLISH)
    server.prepare()
    project.module(*PUBLISH)
    assert server.logged() == expected


def test_a_slow_answer_is_waited_for(
    server: Server, project: Project, undisturbed: tuple[dict[str, Any], int]
) -> None:
    expected, count = undisturbed
    slow = (count // 3, 2 * count // 3)
    server.prepare(lambda number: LATE if number in slow else ANSWERED)
    (closing,) = project.module(*EVALUATE).splitlines()
    seconds = float(closing.rpartition("(")[2].removesuffix(" s)"))
    assert seconds > 2 * SECONDS_LATE
    assert server.logged() == expected
