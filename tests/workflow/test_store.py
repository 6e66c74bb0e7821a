"""The tracking store can be refilled, moved with the project, and its runs reproduced."""

import json
from pathlib import Path

import pytest

from tests.workflow.project import PIPELINES, Project, duplicate


def test_publish_fills_an_empty_store_once(finished: Project, copy: Project) -> None:
    assert "; 0 runs were complete" in copy.module("commands.publish")
    logged = {pipeline: copy.logged(pipeline) for pipeline in PIPELINES}
    assert logged == {pipeline: finished.logged(pipeline) for pipeline in PIPELINES}
    assert "logged nothing; 9 runs were complete" in copy.module("commands.publish")
    assert logged == {pipeline: copy.logged(pipeline) for pipeline in PIPELINES}


def test_a_moved_project_keeps_its_runs_and_does_not_use_its_former_folder(
    finished: Project, tmp_path: Path
) -> None:
    moved = duplicate(finished, tmp_path / "another name")
    before = finished.snapshot("mlruns")
    moved.change_network("demo_1", epochs=3)
    output = moved.run("dvc", "repro", "figures-evaluate@demo_1")
    assert f"mlflow.db was made in {finished.root}; its artifacts are now in another name/" in (
        output
    )
    assert finished.snapshot("mlruns") == before
    client, runs = moved.client(), moved.runs("figures")
    assert len(runs) == len(finished.runs("figures")) + 1
    for run in runs:
        assert run.info.artifact_uri.startswith((moved.root / "mlruns").as_uri())
        assert len(client.list_artifacts(run.info.run_id, "plots")) > 3
        (model,) = run.outputs.model_outputs
        location = client.get_logged_model(model.model_id).artifact_location
        assert location.startswith((moved.root / "mlruns").as_uri())


def test_a_run_is_reproduced_from_its_commit_and_nothing_else_changes(
    finished: Project, tmp_path: Path
) -> None:
    project = duplicate(finished, tmp_path / "project")
    run = project.run_of("figures", "demo_1")
    folders = ("results", "mlruns", "data")
    before = project.snapshot(*folders), project.lock()
    *_, line = project.module("commands.reproduce", run.info.run_id).splitlines()
    assert "equal" in line
    assert run.data.tags["git_commit"][:9] in line
    assert (project.snapshot(*folders), project.lock()) == before
    assert len(project.runs("figures")) == len(finished.runs("figures"))


def test_a_variant_with_two_seeds_has_the_model_of_the_first_and_reports_the_std(
    finished: Project, copy: Project
) -> None:
    folder = Path("results", "figures", "demo_1")
    copy.change_network("demo_1", seeds=2)
    copy.run("dvc", "repro", "figures-evaluate@demo_1")
    for name in ("model/network.npz", "history.csv", "predictions.csv"):
        assert (copy.root / folder / name).read_bytes() == (
            finished.root / folder / name
        ).read_bytes()
    metrics, scores = (
        json.loads((copy.root / folder / name).read_text())
        for name in ("metrics.json", "scores.json")
    )
    losses = [summary["loss"] for summary in scores["by_seed"].values()]
    assert list(scores["by_seed"]) == ["42", "43"]
    assert metrics["seeds"]["mean"]["loss"] == pytest.approx(sum(losses) / 2)
    assert metrics["seeds"]["std"]["loss"] == pytest.approx(abs(losses[0] - losses[1]) / 2**0.5)
    assert losses[0] != losses[1]
    variant = copy.run_of("figures", "demo_1")
    assert variant.data.metrics["seeds/std/loss"] == metrics["seeds"]["std"]["loss"]
    for seed, loss in zip(("42", "43"), losses, strict=True):
        child = copy.run_of("figures", f"demo_1, seed {seed}")
        assert child.data.tags["mlflow.parentRunId"] == variant.info.run_id
        assert child.data.metrics["summary/loss"] == loss

    # A further seed gives the same model as training with that seed alone.
    second = copy.snapshot(f"{folder}/seeds/43/model")
    copy.change_network("demo_1", seeds=[43])
    copy.module("figures.train", "demo_1")
    assert list(copy.snapshot(f"{folder}/model").values()) == list(second.values())
