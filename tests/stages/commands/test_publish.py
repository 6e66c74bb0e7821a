"""`make publish` logs missing results once and registers the best models as champions."""

import threading
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
from mlflow.entities.model_registry import ModelVersion

from stages import paths
from stages.commands import publish as command
from stages.commands.publish import publish
from stages.errors import StageError, TrackingError
from stages.outputs.hashes import dvc_md5
from tests.stages import example


@pytest.fixture(autouse=True)
def one_pipeline(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PIPELINES", (two_variants(),))


def two_variants() -> example.Pipeline:
    settings = example.Settings(width=2, seeds=1)
    variants = {"small": settings, "large": settings}
    return replace(example.PIPELINE, variants=lambda params: variants)


@pytest.fixture
def results(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results of two variants that were written while the store was down."""
    with monkeypatch.context() as down:
        down.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        down.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        for variant, accuracy in (("small", 0.5), ("large", 0.75)):
            example.train(variant)
            example.evaluate(variant, accuracy)
    return project / "results" / "figures"


def record(*files: Path) -> None:
    """Record files in dvc.lock."""
    outs = "".join(
        f"    - {{path: {paths.relative(file)}, hash: md5, md5: {dvc_md5(file)}, size: 9}}\n"
        for file in files
    )
    paths.LOCK.write_text(f"schema: '2.0'\nstages:\n  train:\n    cmd: x\n    outs:\n{outs}")


def champion() -> ModelVersion:
    return mlflow.MlflowClient().get_model_version_by_alias("figures", "champion")


def test_missing_results_are_logged_once(
    results: Path, store: mlflow.MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(None) == "logged figures/small, figures/large; 0 runs were complete"
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "champion of figures: large, accuracy 75.0\N{NO-BREAK SPACE}%, version 1"
    before = example.held(store)
    assert publish(None) == "logged nothing; 2 runs were complete"
    assert example.held(store) == before
    assert len(store.search_model_versions()) == 1


def test_the_champion_is_the_best_variant_and_contains_its_model(
    results: Path, store: mlflow.MlflowClient
) -> None:
    publish(None)
    run = store.get_run(champion().run_id)
    assert (run.info.run_name, champion().tags["accuracy"]) == ("large", "0.75")
    example.evaluate("small", 0.875)
    publish(None)
    assert (int(champion().version), champion().tags["variant"]) == (2, "small")
    example.evaluate("small", 0.25)
    publish(None)
    assert champion().tags["variant"] == "large"


def test_with_a_missing_variant_the_others_are_logged_without_a_champion(
    results: Path, store: mlflow.MlflowClient
) -> None:
    (results / "small" / "scores.json").unlink()
    assert publish(None) == "logged figures/large; 0 runs were complete"
    assert store.search_model_versions() == []


def test_an_experiment_in_a_copy_registers_no_champion(
    results: Path, store: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as in_copy:
        in_copy.setattr(paths, "PROJECT", paths.ROOT / "elsewhere")
        publish(None)
    assert store.search_model_versions() == []


@pytest.mark.parametrize("name", ["run.json", "history.csv", "metrics.json", "scores.json"])
def test_a_file_with_another_hash_is_refused_before_anything_is_logged(
    results: Path, store: mlflow.MlflowClient, name: str
) -> None:
    file = results / "large" / name
    record(file, results / "small" / name)
    file.write_text(file.read_text().replace("0.75", "0.76") + "\n")
    with pytest.raises(StageError) as refused:
        publish(None)
    place = f"results/figures/large/{name}"
    assert str(refused.value).startswith(f"{place} does not match its hash in dvc.lock")
    assert "restore it with `dvc repro`" in str(refused.value)
    assert example.runs(store) == []


def test_a_damaged_dvc_lock_is_refused(results: Path, store: mlflow.MlflowClient) -> None:
    for content in ("a: [", "stages: 3", "", "stages: {train: {outs: [{hash: md5}]}}"):
        paths.LOCK.write_text(content)
        with pytest.raises(StageError, match=r"^dvc.lock is damaged; restore it"):
            publish(None)


def test_without_results_there_is_nothing_to_publish(store: mlflow.MlflowClient) -> None:
    with pytest.raises(StageError, match="there are no results"):
        publish(None)


def test_an_unreachable_store_is_a_warning_or_an_error_if_it_is_required(
    results: Path,
    absent_server: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("TRACKING_REQUIRED", raising=False)
    capsys.readouterr()
    assert publish(None) == "nothing was logged"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tracking: http://127.0.0.1")
    assert "secret" not in line
    monkeypatch.setenv("TRACKING_REQUIRED", "1")
    with pytest.raises(TrackingError, match="failed"):
        publish(None)


def test_two_concurrent_processes_log_everything_once(
    results: Path, store: mlflow.MlflowClient
) -> None:
    lines: list[str] = []
    threads = [threading.Thread(target=lambda: lines.append(publish(None))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lines) == [
        "logged figures/small, figures/large; 0 runs were complete",
        "logged nothing; 2 runs were complete",
    ]
    assert len(example.runs(store)) == 2
    assert len(store.search_model_versions()) == 1
