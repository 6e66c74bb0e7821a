"""Whatever the tracking server does, training completes, and `publish` sends what is missing."""

import random
import shutil
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.workflow.project import Project, copy_project
from tests.workflow.tracking_server import (
    ANSWERED,
    ERROR,
    LATE,
    LOST,
    REFUSED,
    Fate,
    Server,
    Stages,
    Way,
    answered,
    serving,
)

TRAIN = ("stages.figures.train", "demo_1")
EVALUATE = ("stages.figures.evaluate", "demo_1")
PUBLISH = ("stages.publish",)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server"), free_port()) as server:
        yield server


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the figures that demo_1 is trained on, and two seeds."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    project.write_params(project.params_with("demo_1", seeds=2))
    project.run("python", "-m", "stages.figures.generate", "centred")
    return project


@pytest.fixture(scope="module")
def stages(project: Project) -> Iterator[Stages]:
    stages = Stages(project)
    yield stages
    stages.close()


@pytest.fixture(scope="module")
def undisturbed(server: Server, project: Project, stages: Stages) -> tuple[dict[str, Any], ...]:
    """What the store tells of demo_1 in peace, and how many requests each stage takes."""
    way = Way(server.address)
    counts = []
    for stage in (TRAIN, EVALUATE):
        way.prepare(answered)
        stages.run(*stage, MLFLOW_TRACKING_URI=way.address, TRACKING_REQUIRED="1")
        counts.append(way.count)
    way.close()
    return server.told(), dict(zip((TRAIN, EVALUATE), counts, strict=True))


@pytest.fixture
def way(server: Server, project: Project, undisturbed: object) -> Iterator[Way]:
    """The way to a server that knows nothing of a project without results."""
    server.put_aside()
    shutil.rmtree(project.root / "results", ignore_errors=True)
    shutil.rmtree(project.root / ".unsent", ignore_errors=True)
    way = Way(server.address)
    yield way
    way.close()


def around(way: Way, retries: int = 0) -> dict[str, str]:
    return {
        "MLFLOW_TRACKING_URI": way.address,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(retries),
    }


def dies(last: int) -> Fate:
    return lambda number, _: ANSWERED if number <= last else REFUSED


def breaks(last: int) -> Fate:
    return lambda number, _: ANSWERED if number <= last else ERROR


def loses_the_last_answer(last: int) -> Fate:
    return lambda number, asked: LOST if number == last else dies(last)(number, asked)


def settled(server: Server, way: Way, stages: Stages) -> dict[str, Any]:
    """Publish twice to a server that is well again; return what it tells then."""
    way.prepare(answered)
    said = stages.run(*PUBLISH, **around(way))
    assert len(said.splitlines()) == 1, said
    told = server.told()
    way.prepare(answered)
    assert "publish: sent nothing; the store has 1 whole runs else" in (
        stages.run(*PUBLISH, **around(way))
    )
    assert way.writing == []
    assert server.told() == told
    return told


def test_an_absent_server_costs_two_lines_and_publish_sends_all_once_it_is_there(
    server: Server, way: Way, stages: Stages, undisturbed: tuple[dict[str, Any], ...]
) -> None:
    for stage in (TRAIN, EVALUATE):
        way.prepare(dies(0))
        line, closing = stages.run(*stage, MLFLOW_TRACKING_URI=way.address).splitlines()
        assert "`make publish` sends the results later" in line
        assert "→ results/figures/demo_1" in closing
        assert way.count <= 3  # with MLflow's retries as the project sets them
    way.prepare(dies(0))
    (line,) = stages.run(*PUBLISH, succeeds=False, **around(way)).splitlines()
    assert line.startswith(f"publish: tracking: {way.address} failed (")
    assert settled(server, way, stages) == undisturbed[0]


@pytest.mark.parametrize("fate", [dies, breaks, loses_the_last_answer])
@pytest.mark.parametrize("moment", ["early", "middle", "late"])
def test_a_server_that_fails_in_a_training_is_told_the_rest_later(
    server: Server,
    way: Way,
    stages: Stages,
    undisturbed: tuple[dict[str, Any], ...],
    fate: Callable[[int], Fate],
    moment: str,
) -> None:
    count = undisturbed[1][TRAIN]
    third = ("early", "middle", "late").index(moment)
    rng = random.Random(f"{fate.__name__} {moment}")
    last = rng.randrange(1 + third * count // 3, (third + 1) * count // 3)
    way.prepare(fate(last))
    assert "going on without it" in stages.run(*TRAIN, **around(way))
    assert "going on without it" in stages.run(*EVALUATE, **around(way))
    assert settled(server, way, stages) == undisturbed[0], f"after {last} of {count} requests"


@pytest.mark.parametrize("fate", [dies, loses_the_last_answer])
def test_a_server_that_fails_in_an_evaluation_is_told_the_rest_later(
    server: Server,
    way: Way,
    stages: Stages,
    undisturbed: tuple[dict[str, Any], ...],
    fate: Callable[[int], Fate],
) -> None:
    count = undisturbed[1][EVALUATE]
    stages.run(*TRAIN, **around(way))
    last = random.Random(fate.__name__).randrange(1, count)
    way.prepare(fate(last))
    assert "going on without it" in stages.run(*EVALUATE, **around(way))
    assert settled(server, way, stages) == undisturbed[0], f"after {last} of {count} requests"


def test_a_request_that_is_repeated_because_its_answer_was_lost_is_counted_once(
    server: Server, way: Way, stages: Stages, undisturbed: tuple[dict[str, Any], ...]
) -> None:
    rng = random.Random(1)
    for stage in (TRAIN, EVALUATE):
        which = {rng.randrange(1, undisturbed[1][stage]) for _ in range(8)}
        way.prepare(lambda number, _, which=which: LOST if number in which else ANSWERED)
        stages.run(*stage, **around(way, retries=1))
    assert settled(server, way, stages) == undisturbed[0]


def test_a_publish_that_is_cut_off_again_and_again_ends_with_one_whole_run(
    server: Server, way: Way, stages: Stages, undisturbed: tuple[dict[str, Any], ...]
) -> None:
    way.prepare(dies(0))
    for stage in (TRAIN, EVALUATE):
        stages.run(*stage, **around(way))
    for last in (3, 12, 30):
        way.prepare(loses_the_last_answer(last))
        (line,) = stages.run(*PUBLISH, succeeds=False, **around(way)).splitlines()
        assert line.startswith("publish: tracking: ")
    assert settled(server, way, stages) == undisturbed[0]


def test_two_that_publish_at_once_send_all_of_it_once(
    server: Server,
    way: Way,
    project: Project,
    stages: Stages,
    undisturbed: tuple[dict[str, Any], ...],
) -> None:
    way.prepare(dies(0))
    for stage in (TRAIN, EVALUATE):
        stages.run(*stage, **around(way))
    way.prepare(answered)
    further = Stages(project)
    try:
        with ThreadPoolExecutor() as pool:
            together = [
                pool.submit(each.run, *PUBLISH, **around(way)) for each in (stages, further)
            ]
        said = sorted(each.result() for each in together)
    finally:
        further.close()
    assert said[0].startswith("publish: sent figures/demo_1;")
    assert said[1].startswith("publish: sent nothing;")
    assert settled(server, way, stages) == undisturbed[0]


def test_a_server_that_takes_five_seconds_for_an_answer_is_waited_for(
    server: Server, way: Way, stages: Stages, undisturbed: tuple[dict[str, Any], ...]
) -> None:
    for stage in (TRAIN, EVALUATE):
        count = undisturbed[1][stage]
        assert count < 100  # all of them late would cost less than ten minutes
        late = random.Random(stage[0]).sample(range(1, count), 2)
        way.prepare(lambda number, _, late=late: LATE if number in late else ANSWERED)
        (closing,) = stages.run(*stage, **around(way)).splitlines()
        assert "→ results/figures/demo_1" in closing
        assert way.late == 2
    assert settled(server, way, stages) == undisturbed[0]
