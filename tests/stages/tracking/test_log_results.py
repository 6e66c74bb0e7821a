"""A variant's run in MLflow becomes equal to its result files, whatever happened before."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest

from pipelines.seeds import derive_seed
from stages.errors import StageError
from stages.outputs.hashes import dvc_md5
from stages.outputs.provenance import read_provenance
from stages.outputs.training import read_training
from tests.stages import example


def curves(seed: int) -> dict[str, list[tuple[int, float]]]:
    """Return the curves that a training from a seed logs."""
    history = example.losses(derive_seed(seed, "figures-train")).set_index("epoch")
    return {name: [*history[name].items()] for name in ("train/loss", "validation/loss")}


def models(store: mlflow.MlflowClient) -> list[mlflow.entities.LoggedModel]:
    return store.search_logged_models([example.runs(store)[0].info.experiment_id])


def test_the_run_of_a_variant_holds_what_its_files_hold(
    store: mlflow.MlflowClient, project: Path
) -> None:
    example.train()
    example.evaluate()
    (run,) = example.held(store).values()
    assert run["status"] == "FINISHED"
    assert run["params"] == {"width": "2", "dataset": "zeros"}
    loss = derive_seed(7, "figures-train") / 2**32
    assert run["curves"] == {
        **curves(7),
        "best/epoch": [(0, 3.0)],
        **{f"best/{name}": [(0, points[-1][1])] for name, points in curves(7).items()},
        **{"test/accuracy": [(0, 0.5)], "test/loss": [(0, loss)], "test/recall/cross": [(0, 1.0)]},
        **{"summary/accuracy": [(0, 0.5)], "summary/loss": [(0, loss)]},
    }
    assert run["tags"]["mlflow.note.content"] == "50%, {'width': 2, 'dataset': 'zeros'}"
    tags = example.runs(store)[0].data.tags
    shown = {name: text for name, text in tags.items() if not name.startswith("mlflow.")}
    assert shown == {"pipeline": "figures", "variant": "small", "seed": "7"}
    names = ("metrics.json", "scores.json", "params.yaml", "plots/losses.png")
    assert set(run["files"]) == {f"artifacts/{name}" for name in names}
    (data,) = run["data"]
    assert (data["name"], data["digest"]) == (
        "zeros, 2 examples",
        dvc_md5(project / "data.bin"),
    )
    (logged,), key = example.runs(store), read_training(example.folder()).fingerprint
    origin = read_provenance("figures", "small", key)
    times = logged.info.start_time, logged.info.end_time
    assert times == (int(origin.started * 1000), int(origin.ended * 1000))
    assert run["attached"] == ["READY"]
    (model,) = models(store)
    loaded = mlflow.pyfunc.load_model(model.model_uri)
    assert loaded.predict(example.EXAMPLE).tolist() == example.EXAMPLE.tolist()
    (requirements,) = (project / "mlruns").rglob("requirements.txt")
    assert "numpy==" in requirements.read_text()


def test_each_seed_has_a_child_run_and_nothing_is_logged_twice(store: mlflow.MlflowClient) -> None:
    example.train(seeds=[7, 9])
    example.evaluate()
    before = example.held(store)
    (run,) = before.values()
    assert run["curves"]["seeds/count"] == [(0, 2.0)]
    assert run["curves"]["seeds/mean/accuracy"] == [(0, 0.5)]
    assert run["curves"]["seeds/std/accuracy"] == [(0, 0.0)]
    assert set(run["seeds"]) == {"small, seed 7", "small, seed 9"}
    child = run["seeds"]["small, seed 9"]
    assert (child["status"], child["tags"]["seed"]) == ("FINISHED", "9")
    assert child["params"] == run["params"]
    assert child["curves"].items() >= {**curves(9), "summary/accuracy": [(0, 0.5)]}.items()
    assert example.log() is False
    assert example.held(store) == before


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("create_run", 1),
        ("log_batch", 2),
        ("finalize_logged_model", 1),
        ("log_artifact", 2),
        ("create_run", 3),
        ("set_tag", 2),
    ],
)
def test_a_log_that_was_interrupted_is_deleted_and_made_again(
    store: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch, method: str, call: int
) -> None:
    original: Callable[..., Any] = getattr(mlflow.MlflowClient, method)
    calls = []

    def interrupted(*arguments: Any, **options: Any) -> Any:
        calls.append(method)
        if len(calls) == call:
            raise KeyboardInterrupt
        return original(*arguments, **options)

    example.train(seeds=2)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(mlflow.MlflowClient, method, interrupted)
        example.evaluate()
    assert example.log() is True
    (run,) = example.held(store).values()
    assert run["status"] == "FINISHED"
    assert run["curves"].items() >= {**curves(7), "summary/accuracy": [(0, 0.5)]}.items()
    assert len(run["seeds"]) == 2
    assert len(models(store)) == 1
    assert example.log() is False


def test_a_comparison_is_logged_to_the_same_run_when_it_changes(store: mlflow.MlflowClient) -> None:
    example.train()
    example.evaluate()
    for p_value, logs in ((0.5, True), (0.5, False), (0.25, True)):
        example.compare("small", p_value)
        assert example.log() is logs
    (run,) = example.runs(store)
    history = store.get_metric_history(run.info.run_id, "test/p_value")
    assert (
        [point.value for point in history] == [0.5, run.data.metrics["test/p_value"]] == [0.5, 0.25]
    )
    (example.folder() / "comparison.json").write_text("{}")  # others are compared with it now
    assert example.log() is False


def test_new_scores_of_the_same_training_have_a_run_of_their_own(
    store: mlflow.MlflowClient,
) -> None:
    example.train()
    for accuracy in (0.5, 0.75, 0.5):
        example.evaluate(accuracy=accuracy)
    assert sorted(run.data.metrics["summary/accuracy"] for run in example.runs(store)) == [
        0.5,
        0.75,
    ]


def test_commit_and_parameters_are_those_of_the_training_or_restored_in_a_clone(
    store: mlflow.MlflowClient, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.runner.train_variant.commit_tags", lambda: {"git_commit": "then"})
    example.train("small")
    example.train("clone")
    shutil.rmtree(project / ".provenance" / "figures" / "clone")
    os.utime(example.folder("clone") / "run.json", (1e9, 1e9))
    (project / "params.yaml").write_text("seed: 8\n")
    example.evaluate("small")
    example.evaluate("clone")
    clone, small = example.runs(store)
    assert small.data.tags["git_commit"] == "then"
    assert "restored" not in small.data.tags
    assert (
        Path(store.download_artifacts(small.info.run_id, "params.yaml")).read_text() == "seed: 7\n"
    )
    assert clone.data.tags["restored"] == "true"
    assert clone.info.start_time == clone.info.end_time == 1e12


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("scores.json", "scores.json does not contain a mapping"),
        ("seeds/8/run.json", "run.json does not describe a training run"),
        ("comparison.json", "comparison.json does not contain a mapping"),
    ],
)
def test_damaged_results_are_refused_in_one_line_before_anything_is_logged(
    store: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.setattr("stages.runner.evaluate_variant.log_models", lambda *_: [])
    example.train(seeds=2)
    example.evaluate()
    (example.folder() / name).write_text("")
    with pytest.raises(StageError, match=f"^results/figures/small: {message}.*") as caught:
        example.log()
    assert "\n" not in str(caught.value)
    assert example.runs(store) == []
