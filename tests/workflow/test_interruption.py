"""Killed, stopped or interrupted at any moment, the workflow goes on to the same result."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.workflow.project import Project
from tests.workflow.waiting import lengthened, training_is_recorded, wait_until


@pytest.mark.parametrize("seconds", [2.0, 4.0, 7.0])
def test_after_sigkill_the_next_repro_ends_where_an_undisturbed_one_ends(
    copy: Project, seconds: float
) -> None:
    lock, results = copy.lock(), copy.snapshot("results")
    process = copy.start("dvc", "repro", "--force")
    time.sleep(seconds)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    copy.run("python", "-m", "stages.recovery")
    copy.run("dvc", "repro")
    assert copy.lock() == lock
    assert copy.snapshot("results") == results
    assert copy.half_written() == []


@pytest.mark.parametrize(
    "end",
    [
        "",
        "  figures-train@demo_1:\n",
        "  figures-train@demo_1:\n    cmd: python -m stages.fig",
        "    outs:\n    - path: results/figures/demo_1/history.csv\n      hash: md5\n",
        "  digits-fetch:\n",
    ],
)
def test_from_a_lock_that_was_cut_off_repro_ends_in_the_whole_one(copy: Project, end: str) -> None:
    lock, results = copy.lock(), copy.snapshot("results")
    (copy.root / "dvc.lock").write_text(lock[: lock.index(end) + len(end)])
    copy.run("python", "-m", "stages.recovery")
    copy.run("dvc", "repro")
    assert copy.lock() == lock
    assert copy.snapshot("results") == results


def test_a_killed_training_of_the_verifier_goes_on_from_its_last_epoch(copy: Project) -> None:
    lock, results = copy.lock(), copy.snapshot("results")
    process = copy.start("dvc", "repro", "--force", "--single-item", "digits-verifier")
    wait_until(lambda: any(copy.root.glob(".scratch/digits-verifier-*/last.ckpt")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert any(copy.root.glob(".scratch/digits-verifier-*/last.ckpt"))
    copy.run("python", "-m", "stages.recovery")
    copy.run("dvc", "repro", "--force", "--single-item", "digits-verifier")  # no cache helps
    assert copy.lock() == lock
    assert copy.snapshot("results") == results
    assert not any(copy.root.glob(".scratch/digits-verifier-*"))


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])  # one may stay beside the stage
def test_a_stage_ends_with_the_dvc_that_started_it(copy: Project, shell: str) -> None:
    if not Path(shell).exists():
        pytest.skip(f"no {shell} here")
    copy.environment = copy.environment | {"SHELL": shell}
    lengthened(copy)
    process = copy.start("dvc", "repro", "figures-train@demo_1")
    wait_until(lambda: training_is_recorded(copy))
    process.kill()
    output, _ = process.communicate(timeout=180)  # ends when the stage closes its output, too
    (run,) = copy.runs("figures")
    assert run.info.status == "KILLED", output


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_training_is_marked_as_killed_and_leaves_earlier_results_as_they_were(
    copy: Project, stop: signal.Signals
) -> None:
    before = copy.snapshot("results")
    lengthened(copy)
    process = copy.start("python", "-m", "stages.figures.train", "demo_1")
    try:
        wait_until(lambda: training_is_recorded(copy))
        process.send_signal(stop)
        output, _ = process.communicate(timeout=180)
    finally:
        process.kill()
    assert process.returncode == 128 + stop, output
    assert "Traceback" not in output
    (run,) = copy.runs("figures")
    assert run.info.status == "KILLED", output
    assert copy.snapshot("results") == before
    assert copy.half_written() == []


def test_without_a_server_the_workflow_ends_with_its_results(copy: Project) -> None:
    copy.environment = copy.environment | {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "TRACKING_REQUIRED": "0",
    }
    lock, results = copy.lock(), copy.snapshot("results")
    target = "figures-train@demo_1"
    output = copy.run("dvc", "repro", "--force", "--single-item", target)
    assert output.count("`make publish` sends the results later") == 1
    assert copy.lock() == lock
    assert copy.snapshot("results") == results


def test_without_a_server_the_workflow_stops_where_tracking_is_required(copy: Project) -> None:
    copy.environment = copy.environment | {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    output = copy.run("python", "-m", "stages.figures.train", "demo_1", succeeds=False)
    assert "127.0.0.1:9 failed" in output
    assert "Traceback" not in output
