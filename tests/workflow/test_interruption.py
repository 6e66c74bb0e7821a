"""Results are the same after the workflow is killed, stopped or started twice."""

import os
import signal
import sqlite3
from contextlib import closing

from stages.tracking.runs import FINGERPRINT
from tests.workflow.project import Project, wait_until


def test_a_killed_training_resumes_and_has_one_complete_run(copy: Project) -> None:
    lock, results = copy.lock(), copy.snapshot("results")
    copy.show_curves_at_once()
    verifier = ("dvc", "repro", "--force", "--single-item", "digits-verifier")
    process = copy.start(*verifier)
    wait_until(lambda: any(copy.root.glob(".scratch/checkpoints/digits-verifier-*/*/last.ckpt")))
    killed = copy.wait_for_running("digits")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert any(copy.root.glob(".scratch/checkpoints/digits-verifier-*/*/last.ckpt"))

    copy.module("commands.doctor")
    copy.run(*verifier)
    assert copy.lock() == lock
    assert copy.snapshot("results") == results
    assert copy.drafts() == []
    # The second run removed the checkpoint, so it resumed from it.
    assert not any(copy.root.glob(".scratch/checkpoints/*"))
    run = copy.run_of("digits", "verifier")
    assert run.info.status == "FINISHED"
    assert run.info.run_id != killed.info.run_id
    assert run.data.tags[FINGERPRINT] == killed.data.tags[FINGERPRINT]
    assert {"test/accuracy", "summary/accuracy", "train/loss"} <= run.data.metrics.keys()


def test_truncated_files_of_dvc_are_repaired(copy: Project) -> None:
    lock, results = copy.lock(), copy.snapshot("results")
    within_a_line = lock.index("stages.digits.verifier")
    (copy.root / "dvc.lock").write_text(lock[:within_a_line])
    (copy.root / ".dvc" / "tmp" / "rwlock").write_text("")
    copy.run("dvc", "repro", succeeds=False)
    assert len(copy.module("commands.doctor").splitlines()) == 2
    copy.run("dvc", "repro")
    assert copy.lock() == lock
    assert copy.snapshot("results") == results


def test_ctrl_c_ends_the_run_as_killed_and_keeps_earlier_results(copy: Project) -> None:
    before = copy.snapshot("results")
    copy.show_curves_at_once()
    copy.change_network("demo_1", epochs=100_000)  # takes minutes
    process = copy.start("python", "-m", "stages.figures.train", "demo_1")
    copy.wait_for_running("figures")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=180)
    assert process.returncode == 128 + signal.SIGINT
    assert output == "figures-train@demo_1: interrupted; no incomplete output is left\n"
    (run,) = copy.runs("figures")
    assert run.info.status == "KILLED"
    assert copy.snapshot("results") == before
    assert copy.drafts() == []


def test_of_two_concurrent_repros_one_stops_and_names_the_other(copy: Project) -> None:
    copy.change_network("demo_1", epochs=3)
    target = ("dvc", "repro", "figures-evaluate@demo_1")
    processes = [copy.start(*target) for _ in range(2)]
    outputs = [process.communicate(timeout=180)[0] for process in processes]
    codes = [process.returncode for process in processes]
    assert 0 in codes, outputs
    for process, output in zip(processes, outputs, strict=True):
        if process.returncode:
            (other,) = (each for each in processes if each is not process)
            assert f"(PID {other.pid})" in output or "acquire lock" in output
            assert "Traceback" not in output
    assert "up to date" in copy.run("dvc", "status", target[-1])
    run = copy.run_of("figures", "demo_1")
    assert run.info.status == "FINISHED"
    assert run.data.params["epochs"] == "3"
    with closing(sqlite3.connect(copy.root / "mlflow.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert store.execute("PRAGMA foreign_key_check").fetchall() == []
