"""A change reruns only the affected stages."""

import re
import shutil

from tests.workflow.project import PARAMS, Project

FASTER = "figures.models.demo_1.optimizer.learning_rate=0.2"


def stages_run(output: str) -> set[str]:
    return set(re.findall(r"Running stage '([^']+)'", output))


def test_after_repro_all_stages_are_up_to_date(copy: Project) -> None:
    cache = copy.root / "pipelines" / "figures" / "network" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "left.pyc").write_bytes(b"left by Python")
    lock = copy.lock()
    assert "up to date" in copy.run("dvc", "status")
    assert stages_run(copy.run("dvc", "repro")) == set()
    assert copy.lock() == lock
    assert copy.run("git", "status", "--porcelain", "--", "pipelines", "stages") == ""


def test_an_edit_reruns_only_the_affected_stages_and_its_reversal_restores_from_the_cache(
    copy: Project,
) -> None:
    locked = PARAMS.load(copy.lock())["stages"]
    params, results = copy.params(), copy.snapshot("results")
    slower = {"name": "sgd", "learning_rate": 0.05, "momentum": 0}
    copy.change_network("demo_1", optimizer=slower)
    edited = copy.params()
    networks = edited["figures"]["models"]
    networks["wider"] = networks["default"] | {"layers": [{"width": 64, "activation": "gelu"}]}
    copy.write_params(edited)
    affected = {f"figures-{verb}@{name}" for verb in ("train", "evaluate") for name in networks}
    unaffected = {name for name in affected if name.endswith(("@default", "@best_mlp", "@cnn"))}
    assert stages_run(copy.run("dvc", "repro")) == (affected - unaffected) | {"report"}
    assert copy.run_of("figures", "demo_1").data.params["optimizer.learning_rate"] == "0.05"
    assert copy.run_of("figures", "wider").data.params["layers"] == "width=64 activation=gelu"

    copy.write_params(params)
    shutil.rmtree(copy.root / "results" / "figures" / "wider")
    assert stages_run(copy.run("dvc", "repro")) == {"report"}  # has no cached output
    assert copy.snapshot("results") == results
    assert PARAMS.load(copy.lock())["stages"].items() >= locked.items()
    assert {run.info.run_name for run in copy.runs("figures")} == {"demo_1", "wider"}


def test_a_forced_rerun_gives_the_same_lock_results_and_runs(
    finished: Project, copy: Project
) -> None:
    lock, results = copy.lock(), copy.snapshot("data", "results")
    copy.show_curves_at_once()  # a live curve must not change the run
    targets = ("imbalance-compare@lstm_residual", "imbalance-compare@ridge")
    assert len(stages_run(copy.run("dvc", "repro", "--force", *targets))) == 8
    assert copy.lock() == lock
    assert copy.snapshot("data", "results") == results
    assert copy.logged("imbalance") == finished.logged("imbalance")


def test_an_invalid_parameter_is_refused_in_one_line_and_nothing_is_lost(copy: Project) -> None:
    params, before = copy.params(), copy.snapshot("data", "results")
    copy.change_network("demo_1", epochs=0)
    message = "figures.models.demo_1.epochs = 0: must be greater than or equal to 1"
    (line,) = copy.module("commands.doctor", succeeds=False).splitlines()
    assert message in line
    assert copy.snapshot("data", "results") == before

    # DVC removes the outputs of a stage before it runs, and its cache restores them.
    output = copy.run("dvc", "repro", "figures-train@demo_1", succeeds=False)
    assert message in output
    assert "Traceback" not in output
    copy.write_params(params)
    assert stages_run(copy.run("dvc", "repro")) == set()
    assert copy.snapshot("data", "results") == before


def test_an_edit_during_a_training_fails_the_stage(copy: Project) -> None:
    """Otherwise DVC would record the results under the wrong parameters."""
    lock, params = copy.lock(), copy.params()
    copy.show_curves_at_once()
    copy.change_network("demo_1", epochs=2_000)
    process = copy.start("dvc", "repro", "figures-train@demo_1")
    copy.wait_for_running("figures")
    copy.change_network("demo_1", epochs=2_001)
    output, _ = process.communicate(timeout=180)
    assert process.returncode != 0
    assert "params.yaml: figures.models.demo_1 changed while the stage ran" in output
    assert copy.lock() == lock
    copy.write_params(params)
    assert stages_run(copy.run("dvc", "repro", "figures-evaluate@demo_1")) == set()


def test_an_experiment_is_logged_without_changing_the_champion(copy: Project) -> None:
    before = copy.snapshot("results")
    target = "figures-evaluate@demo_1"
    copy.run("dvc", "exp", "run", "--temp", "--name", "faster", "--set-param", FASTER, target)
    run = copy.run_of("figures", "demo_1")
    assert run.data.params["optimizer.learning_rate"] == "0.2"
    assert run.data.tags["dvc_experiment"] == "faster"
    assert copy.snapshot("results") == before
    assert copy.client().search_registered_models() == []
