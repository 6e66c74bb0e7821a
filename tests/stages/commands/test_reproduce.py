"""`make reproduce` reruns the commit of a run and reports every difference."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities import Metric, Run, RunData, RunInfo, RunTag

from stages import paths
from stages.commands import reproduce as command
from stages.commands.reproduce import compare, recipe, reproduce
from stages.errors import StageError, TrackingError
from tests.stages import example
from tests.stages.commands.conftest import commit

WORKFLOW = """
stages:
  figures-evaluate:
    foreach: [small]
    do:
      cmd: cp -r stored results
"""


@pytest.fixture
def runs(repository: Path, store: mlflow.MlflowClient) -> dict[str, Any]:
    """Runs of a variant with two seeds, by name. `dvc repro` restores its stored results."""
    for folder in ("external/mnist", "external/imbalance"):
        (repository / "data" / folder).mkdir(parents=True)
        (repository / "data" / folder / "README.md").touch()
    paths.WORKFLOW.write_text(WORKFLOW)
    head = commit(repository)
    example.train(seeds=2)
    example.evaluate()
    stored = repository / "stored"
    shutil.copytree(repository / "results", stored)
    (repository / ".gitignore").write_text("/results\n/mlruns\n/mlflow.db*\n/.scratch\n")
    later = commit(repository)
    for run in example.runs(store):
        assert run.data.tags["git_commit"] == head
        store.set_tag(run.info.run_id, "git_commit", later)
        store.set_tag(run.info.run_id, "git_dirty", "false")
    return {run.info.run_name: store.get_run(run.info.run_id) for run in example.runs(store)}


def test_a_run_and_one_of_its_seeds_are_reproduced_exactly(
    runs: dict[str, Any], project: Path
) -> None:
    before = {file: file.read_bytes() for file in (project / "results").rglob("*.json")}
    commit_id = runs["small"].data.tags["git_commit"]
    for name in ("small", "small, seed 8"):
        line = reproduce(runs[name].info.run_id)
        assert line.endswith(f"metrics are equal in a rerun of commit {commit_id[:10]}")
    assert {file: file.read_bytes() for file in before} == before


def test_a_different_metric_and_uncommitted_code_are_reported(
    runs: dict[str, Any], store: mlflow.MlflowClient
) -> None:
    run = runs["small"].info.run_id
    store.log_metric(run, "test/accuracy", 0.5 + 1e-9)
    store.set_tag(run, "git_dirty", "true")
    with pytest.raises(StageError, match=r"^1 of \d+ metrics differ: test/accuracy 0.5\d+ → 0.5;"):
        reproduce(run)


def test_a_failing_stage_is_reported_with_its_folder(
    runs: dict[str, Any], store: mlflow.MlflowClient, project: Path
) -> None:
    paths.WORKFLOW.write_text(WORKFLOW.replace("cp -r stored results", "false"))
    store.set_tag(runs["small"].info.run_id, "git_commit", commit(project))
    with pytest.raises(StageError, match=r"^`dvc repro --force figures-evaluate@small` failed in"):
        reproduce(runs["small"].info.run_id)


def run_with(metrics: dict[str, float], **tags: str) -> Run:
    info = RunInfo("0" * 32, "1", "somebody", "FINISHED", 0, 1, "active")
    logged = [Metric(name, value, 0, 0) for name, value in metrics.items()]
    return Run(info, RunData(logged, tags=[RunTag(*tag) for tag in tags.items()]))


@pytest.mark.parametrize(
    ("pipeline", "variant", "stage"),
    [
        ("figures", "small", "figures-evaluate@small"),
        ("digits", "vae", "digits-evaluate@vae"),
        ("digits", "verifier", "digits-verifier"),
    ],
)
def test_the_last_stage_of_a_variant_is_run(
    repository: Path, pipeline: str, variant: str, stage: str
) -> None:
    head = commit(repository)
    result = recipe(run_with({}, git_commit=head, pipeline=pipeline, variant=variant))
    assert result == (head, stage, f"results/{pipeline}/{variant}")


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        ({"pipeline": "figures"}, "the run has no tag git_commit, variant"),
        ({"git_commit": "--output=here"}, "'--output=here', which is not a commit"),
        ({"git_commit": "0" * 40}, "commit 0000000000 is not in this repository"),
    ],
)
def test_a_run_that_cannot_be_reproduced_is_refused_in_one_line(
    repository: Path, tags: dict[str, str], problem: str
) -> None:
    required = {"pipeline": "figures", "variant": "small"} if "git_commit" in tags else {}
    with pytest.raises(StageError, match=problem) as refused:
        recipe(run_with({}, **required, **tags))
    assert "\n" not in str(refused.value)


def test_former_metric_names_are_renamed_and_comparisons_ignored(tmp_path: Path) -> None:
    seeds = {"count": 2, "mean": {"rmse": 42.5}, "deviation": {"rmse": 0.5}}
    scores = {"test": {"rmse": 42.0, "steps": {"1": 12.0}}, "by_seed": {}}
    (tmp_path / "scores.json").write_text(json.dumps(scores))
    (tmp_path / "metrics.json").write_text(json.dumps({"test": {"rmse": 42.0}, "seeds": seeds}))
    former = {"test/rmse": 42.0, "test/steps/1": 12.0, "headline/rmse": 42.0}
    former |= {"seeds/count": 2.0, "seeds/mean/rmse": 42.5, "seeds/deviation/rmse": 0.5}
    present = {"summary/rmse": 42.0, "seeds/std/rmse": 0.5}
    others = {"test/p_value": 0.5, "test/p_value_against_ridge": 0.5, "train/loss": 3.0}
    assert compare(run_with(former | others), tmp_path) == (6, [])
    assert compare(run_with(former | present), tmp_path) == (6, [])
    _, lacking = compare(run_with({"test/rmse": 42.0}), tmp_path)
    assert lacking[0] == "seeds/count None → 2.0"
    with pytest.raises(StageError, match="no metrics of an evaluation"):
        compare(run_with(others), tmp_path)


def test_an_unknown_run_and_a_missing_artifact_are_refused_in_one_line(
    runs: dict[str, Any], project: Path
) -> None:
    with pytest.raises(TrackingError, match="not found"):
        reproduce("0" * 32)
    for file in (project / "mlruns").rglob("params.yaml"):
        file.unlink()
    with pytest.raises(StageError, match=r"the run has no artifact params.yaml"):
        reproduce(runs["small"].info.run_id)


def test_the_digits_are_copied_instead_of_downloaded_again(repository: Path) -> None:
    (repository / "data/external/imbalance").mkdir(parents=True)
    (repository / "data/external/imbalance/area.csv").write_text("a user's series")
    paths.digits_folder().mkdir(parents=True)
    (paths.digits_folder() / "train-images-idx3-ubyte.gz").write_text("images")
    copy = repository / "copy"
    command.copy_data(copy)
    assert (copy / "data/external/imbalance/area.csv").read_text() == "a user's series"
    assert (copy / "data/external/mnist/train-images-idx3-ubyte.gz").read_text() == "images"
