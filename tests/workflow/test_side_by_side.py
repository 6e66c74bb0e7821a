"""Several `dvc` at once neither corrupt the store nor mix up what belongs together."""

import itertools
import json
import re
import sqlite3
from contextlib import closing

from tests.workflow.project import Project
from tests.workflow.waiting import lengthened, ran, training_is_recorded, wait_until

CHANGED = ("demo_1", "reference")
EXPERIMENT = "figures.networks.demo_1.optimizer.learning_rate=0.2"


def test_two_repros_and_an_experiment_at_once_leave_every_run_in_order(copy: Project) -> None:
    params = copy.params()
    for name in CHANGED:
        params["figures"]["networks"][name]["epochs"] = 3
    copy.write_params(params)
    repro = ("dvc", "repro")
    experiment = (
        *("dvc", "exp", "run", "--temp", "--name", "beside", "--set-param", EXPERIMENT),
        "figures-evaluate@demo_1",
    )
    at_once = [copy.start(*command) for command in (repro, repro, experiment)]
    outputs = [process.communicate(timeout=600)[0] for process in at_once]
    ended = [process.returncode == 0 for process in at_once]
    assert any(ended), outputs
    for output in itertools.compress(outputs, [not whole for whole in ended]):
        # `dvc exp run` clears edits away for a moment, which a stage at work must not take up
        refusals = "is being blocked by|Unable to acquire lock|changed while the stage was at work"
        assert len(re.findall(refusals, output)) == 1, output
        assert "Traceback" not in output

    if not ended[-1]:
        copy.run(*experiment)
    copy.run("python", "-m", "stages.recovery")
    copy.run(*repro)
    assert not ran(copy.run(*repro))
    assert copy.half_written() == []
    with closing(sqlite3.connect(copy.root / "mlflow.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert store.execute("PRAGMA foreign_key_check").fetchall() == []
    runs = copy.runs("figures")
    # KILLED is what a training becomes whose results DVC did not keep; none is left RUNNING
    assert {run.info.status for run in runs} <= {"FINISHED", "FAILED", "KILLED"}
    for name in CHANGED:
        folder = copy.root / "results" / "figures" / name
        key = json.loads((folder / "run.json").read_text())["fingerprint"]
        found = json.loads((folder / "scores.json").read_text())["test"]
        ours = [run for run in runs if run.data.tags["fingerprint"] == key]
        run = next(run for run in ours if "test/accuracy" in run.data.metrics)
        assert run.data.tags["variant"] == name
        assert {run.data.params["optimizer.learning_rate"] for run in ours} == {
            str(params["figures"]["networks"][name]["optimizer"]["learning_rate"])
        }
        assert {run.data.params["epochs"] for run in ours} == {"3"}
        assert run.data.metrics["test/loss"] == found["loss"]
    (tried,) = (run for run in runs if run.data.tags.get("dvc_experiment") == "beside")
    assert tried.data.params["optimizer.learning_rate"] == "0.2"
    assert tried.data.params["epochs"] == "3"
    reference = copy.run("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()[-1]
    kept = copy.run("git", "show", f"{reference}:results/figures/demo_1/metrics.json")
    assert json.loads(kept)["test"]["loss"] == tried.data.metrics["test/loss"]


def test_while_a_repro_is_at_work_a_second_one_is_told_by_whom_in_one_line(copy: Project) -> None:
    lengthened(copy)
    process = copy.start("dvc", "repro", "figures-train@demo_1")
    try:
        while "Running stage" not in (said := process.stdout.readline()):
            assert said, "it ended"
        *_, line = copy.run("python", "-m", "stages.recovery", succeeds=False).splitlines()
    finally:
        process.terminate()
        process.communicate(timeout=180)
    assert line.startswith(f"`dvc repro figures-train@demo_1` (process {process.pid}, since ")
    assert line.endswith(f"wait until it has ended, or end it with `kill {process.pid}`")
    assert "is at work" not in copy.run("python", "-m", "stages.recovery")


def test_an_edit_in_the_midst_of_a_training_does_not_pass_for_what_it_was_trained_with(
    copy: Project,
) -> None:
    lock, params = copy.lock(), copy.params()
    copy.write_params(copy.params_with("demo_1", epochs=20_000))
    process = copy.start("dvc", "repro", "figures-train@demo_1")
    wait_until(lambda: training_is_recorded(copy))
    copy.write_params(copy.params_with("demo_1", epochs=20_001))
    output, _ = process.communicate(timeout=180)
    assert process.returncode != 0
    assert "params.yaml: figures.networks.demo_1 changed while the stage was at work" in output
    assert copy.lock() == lock
    copy.write_params(params)
    copy.run("dvc", "repro")
    assert copy.lock() == lock
