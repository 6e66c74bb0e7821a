"""A variant trained from several seeds is its first training, and tells the spread of all."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from tests.workflow.project import Project

REPEATED = "demo_1"
FOLDER = Path("results/figures")


@pytest.fixture(scope="module")
def project(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished project with `demo_1` from three seeds and a forecaster from two."""
    root = tmp_path_factory.mktemp("seeds") / "project"
    left_out = shutil.ignore_patterns("mlruns", "mlflow.db*")
    shutil.copytree(finished.root, root, symlinks=True, ignore=left_out)
    project = Project(root, finished.environment)
    params = project.params_with(REPEATED, seeds=3)
    params["imbalance"]["variants"]["lstm_altered"]["seeds"] = [7, 8]
    project.write_params(params)
    project.run(
        *("dvc", "repro", f"figures-evaluate@{REPEATED}", "imbalance-evaluate@lstm_altered")
    )
    return project


def test_the_first_of_several_trainings_is_the_variants_own_bit_for_bit(
    finished: Project, project: Project
) -> None:
    for name in ("model", "history.csv", "predictions.csv"):
        once, repeated = finished.root / FOLDER / REPEATED, project.root / FOLDER / REPEATED
        assert contents(repeated / name) == contents(once / name)
        assert contents(repeated / name)


def test_a_repeat_is_the_training_from_its_seed_bit_for_bit(
    project: Project, tmp_path: Path
) -> None:
    repeat = project.root / FOLDER / REPEATED / "repeats" / "43"
    root = tmp_path / "project"
    shutil.copytree(project.root, root, symlinks=True)
    alone = Project(root, project.environment)
    # `seed: 43` would draw other figures, too
    alone.write_params(alone.params_with(REPEATED, seeds=[43]))
    alone.run("python", "-m", "stages.figures.train", REPEATED)
    for name in ("model", "history.csv"):
        assert contents(repeat / name) == contents(alone.root / FOLDER / REPEATED / name)
    known = [
        json.loads((folder / "run.json").read_text())["fingerprint"]
        for folder in (repeat, alone.root / FOLDER / REPEATED)
    ]
    assert known[0] == known[1]


@pytest.mark.parametrize(
    ("folder", "seeds"),
    [("figures/demo_1", [42, 43, 44]), ("imbalance/lstm_altered", [7, 8])],
)
def test_mean_and_deviation_are_those_of_the_trainings(
    project: Project, folder: str, seeds: list[int]
) -> None:
    scores, metrics = (
        json.loads((project.root / "results" / folder / name).read_text())
        for name in ("scores.json", "metrics.json")
    )
    assert list(scores["by_seed"]) == [str(seed) for seed in seeds]
    assert scores["by_seed"][str(seeds[0])] == metrics["test"]
    assert metrics["seeds"]["count"] == len(seeds)
    for name in metrics["test"]:
        values = [each[name] for each in scores["by_seed"].values()]
        assert metrics["seeds"]["mean"][name] == pytest.approx(np.mean(values))
        assert metrics["seeds"]["deviation"][name] == pytest.approx(
            np.std(values, ddof=1), abs=1e-12
        )
    assert any(metrics["seeds"]["deviation"].values())


def test_every_training_is_a_child_of_the_variants_run_with_curves_and_headlines_of_its_own(
    project: Project,
) -> None:
    runs = project.runs("figures")
    (variant,) = (run for run in runs if MLFLOW_PARENT_RUN_ID not in run.data.tags)
    children = {run.data.tags["seed"]: run for run in runs if run is not variant}
    assert set(children) == {"42", "43", "44"}
    client = mlflow.MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    losses = set()
    for seed, child in children.items():
        assert child.data.tags[MLFLOW_PARENT_RUN_ID] == variant.info.run_id
        assert child.info.status == "FINISHED"
        curve = client.get_metric_history(child.info.run_id, "train/loss")
        assert [point.step for point in curve] == [1, 2]
        losses.add(curve[-1].value)
        scores = json.loads((project.root / FOLDER / REPEATED / "scores.json").read_text())
        assert child.data.metrics["headline/loss"] == scores["by_seed"][seed]["loss"]
    assert len(losses) == 3
    assert variant.data.metrics["seeds/count"] == 3


def test_the_table_of_variants_has_no_row_for_a_repeat(project: Project) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    note = client.get_experiment_by_name("figures").tags["mlflow.note.content"]
    assert "demo_1" in note
    assert "seed 4" not in note


def test_an_evaluation_that_is_repeated_makes_no_further_runs_and_no_further_points(
    project: Project,
) -> None:
    before = points(project)
    project.run("python", "-m", "stages.figures.evaluate", REPEATED)
    assert points(project) == before


def contents(path: Path) -> dict[str, bytes]:
    """Read a file, or all files of a folder."""
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {file.name: file.read_bytes() for file in files}


def points(project: Project) -> dict[str, dict[str, Any]]:
    """Count the points of every metric of every run."""
    client = mlflow.MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    return {
        run.info.run_id: {
            name: len(client.get_metric_history(run.info.run_id, name)) for name in run.data.metrics
        }
        for run in project.runs("figures")
    }
