"""A variant is evaluated with the models of all seeds, ranked by its result files, and logged."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import mlflow
import pytest

from pipelines.seeds import derive_seed
from stages.errors import StageError
from stages.outputs.metrics import Metric, read_summary
from stages.runner.pipeline import Evaluator
from stages.runner.standings import Standings, read_standings
from tests.stages import example

RECALL = Metric("cross", "recall of crosses", value=lambda scores: scores["recall"]["cross"])
SETTINGS = {name: example.Settings(width=2, seeds=1) for name in ("a", "b", "c")}


@pytest.fixture
def logged(project: object, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models that a stage would log. Nothing is logged."""
    models: list[str] = []
    log_models = lambda _, names: models.extend(names)  # noqa: E731
    monkeypatch.setattr("stages.runner.evaluate_variant.log_models", log_models)
    return models


def loss(seed: int) -> float:
    return derive_seed(seed, "figures-train") / 2**32


def test_scores_and_summaries_of_all_seeds_are_written(logged: list[str]) -> None:
    example.train(seeds=[7, 8])
    assert example.evaluate() == "accuracy 50.0% → results/figures/small/metrics.json"
    folder = example.folder()
    summary = {"accuracy": 0.5, "loss": loss(7)}
    assert json.loads((folder / "scores.json").read_text()) == {
        "test": {**summary, "recall": {"cross": 1.0}},
        "by_seed": {"7": summary, "8": {"accuracy": 0.5, "loss": loss(8)}},
    }
    stored = read_summary(folder / "metrics.json")
    assert (stored.test, stored.trainings) == (summary, 2)
    assert stored.mean["loss"] == pytest.approx((loss(7) + loss(8)) / 2)
    drawn = (folder / "plots" / "losses.png").read_text()
    assert drawn == f"drawn with {derive_seed(7, 'figures-train')}"
    assert logged == ["small"]


@pytest.mark.usefixtures("logged")
def test_the_evaluator_of_a_pipeline_has_its_own_metrics() -> None:
    example.train("evaluator")
    pipeline = replace(example.PIPELINE, evaluator=Evaluator("evaluator", [RECALL], lambda: None))
    example.evaluate("evaluator", pipeline=pipeline)
    assert read_summary(example.folder("evaluator") / "metrics.json").test == {"cross": 1.0}


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("run.json", None, "/run.json is missing; create it with `dvc repro`"),
        ("run.json", "{", ": run.json does not describe a training run; delete it and"),
        ("history.csv", "", ": No columns to parse from file; delete it and"),
        ("seeds/seeds.json", "", ": seeds/seeds.json does not list seeds; delete"),
        ("model/weights.json", "", "/model: Expecting value"),
    ],
)
def test_missing_or_damaged_training_results_are_named_and_nothing_is_written(
    logged: list[str], name: str, content: str | None, line: str
) -> None:
    example.train()
    file = example.folder() / name
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(StageError, match=f"^results/figures/small{line}"):
        example.evaluate()
    assert not (example.folder() / "scores.json").exists()
    assert logged == []


@pytest.mark.usefixtures("logged")
def test_non_finite_scores_keep_the_former_results() -> None:
    example.train()
    example.evaluate(accuracy=0.5)
    with pytest.raises(StageError, match="not JSON compliant"):
        example.evaluate(accuracy=float("nan"))
    assert read_summary(example.folder() / "metrics.json").test["accuracy"] == 0.5
    assert (example.folder() / "plots" / "losses.png").exists()


def test_an_evaluation_rewrites_the_leaderboard(store: mlflow.MlflowClient) -> None:
    example.train()
    example.evaluate(accuracy=0.5)
    note = store.get_experiment_by_name("figures").tags["mlflow.note.content"]
    assert re.search(r"\*\*small\*\*.*\| 50\.0", note)


def standings() -> Standings:
    pipeline = replace(
        example.PIPELINE,
        variants=lambda _: SETTINGS,
        eligible=lambda settings: settings is not SETTINGS["c"],
    )
    return read_standings(pipeline, SimpleNamespace())


@pytest.mark.usefixtures("logged")
def test_variants_are_ranked_by_their_files_and_a_missing_file_is_named() -> None:
    for name, accuracy in {"a": 0.25, "b": 0.5, "c": 0.75}.items():
        example.train(name)
        example.evaluate(name, accuracy)
    example.compare("a", 0.03)
    ranked = standings()
    assert ranked.order == ["b", "a", "c"]
    assert (ranked.best, ranked.eligible) == ("b", {"a", "b"})
    assert ranked.summaries["a"].test == {"accuracy": 0.25, "loss": loss(7), "p_value": 0.03}
    assert ranked.best_by(example.ACCURACY) == "c"
    assert ranked.best_by(Metric("p_value", "p", better="lower")) == "a"
    assert ranked.best_by(Metric("absent", "absent")) is None
    (example.folder("a") / "comparison.json").write_text('{"p": null}')
    with pytest.raises(
        StageError, match=r"^results/figures/a/comparison\.json: p is not a number;"
    ):
        standings()
    (example.folder("a") / "metrics.json").unlink()
    with pytest.raises(StageError, match=r"^results/figures/a/metrics\.json is missing; create"):
        standings()
    for name in SETTINGS:
        (example.folder(name) / "metrics.json").write_text('{"test": {"loss": 1.0}}')
    (example.folder("a") / "comparison.json").unlink()
    with pytest.raises(StageError, match=r"^no variant has accuracy$"):
        standings()
