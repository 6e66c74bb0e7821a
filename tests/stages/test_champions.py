"""The best variant by its metric files is the champion in the store, once, and as long as it is."""

import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.entities.model_registry import ModelVersion

from stages import champions, command
from stages.champions import register_champions
from stages.command import StageError
from stages.outputs import write_outputs
from stages.params import load_params
from stages.ranking import RANKINGS
from stages.run import TrackingError
from stages.tracking import continued_run, new_run
from stages.training import Data, Training, training_outputs

PARAMS = load_params()
BEST = {"figures": "reference", "digits": "vae", "imbalance": "lstm_altered"}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results of every variant, none of them in the store yet."""
    for module in (champions, command):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(champions, "PROJECT", tmp_path)
    monkeypatch.setattr(champions, "SCRATCH", tmp_path / ".scratch")
    monkeypatch.setattr(champions, "results", lambda *names: tmp_path.joinpath("results", *names))
    for pipeline, variants in PARAMS.variants.items():
        for variant in variants:
            leave_results(tmp_path, pipeline, variant, good=variant == BEST[pipeline])
    return tmp_path


def leave_results(root: Path, pipeline: str, variant: str, good: bool) -> None:
    folder = root / "results" / pipeline / variant
    folder.mkdir(parents=True, exist_ok=True)
    value = 0.75 if good == (RANKINGS[pipeline].better == "higher") else 0.25
    headlines = {"test": {RANKINGS[pipeline].metric: value}}
    (folder / "metrics.json").write_text(json.dumps(headlines))
    history = pd.DataFrame({"epoch": [1], "validation/loss": [0.5]})
    write_outputs(folder, training_outputs(training(variant), history, lambda model: None))


def training(variant: str) -> Training:
    data = Data("figures", "data/figures.npz", "md5", "uint8", (3, 30, 30))
    return Training(f"key-{variant}", 7, {}, data, {})


def train(
    pipeline: str, variant: str, trained: bool = True, whole: bool = True, **tags: str
) -> str:
    """Record a training that left a model; return the model's address."""
    with new_run(pipeline, variant, 7, f"key-{variant}") as run:
        active = mlflow.active_run().info
        model = mlflow.initialize_logged_model("model", source_run_id=active.run_id)
        if whole:
            mlflow.finalize_logged_model(model.model_id, "READY")
        if trained:
            run.mark_as_trained()
    return f"models:/{model.model_id}"


def champion(pipeline: str) -> ModelVersion:
    return mlflow.MlflowClient().get_model_version_by_alias(pipeline, "champion")


def versions() -> list[ModelVersion]:
    return list(mlflow.MlflowClient().search_model_versions())


@pytest.mark.usefixtures("store")
def test_the_best_variant_of_each_pipeline_is_registered_with_what_it_is() -> None:
    sources = {pipeline: train(pipeline, variant) for pipeline, variant in BEST.items()}
    lines = register_champions(PARAMS)
    assert lines[0] == "champion of figures: reference, accuracy_low 0.75, version 1"
    assert lines[2] == "champion of imbalance: lstm_altered, rmse 0.25, version 1"
    for pipeline, variant in BEST.items():
        version = champion(pipeline)
        assert version.source == sources[pipeline]
        run = mlflow.get_run(version.run_id)
        assert run.info.run_name == variant
        assert version.tags["variant"] == variant
        assert version.tags["fingerprint"] == f"key-{variant}"
        assert version.tags["git_commit"] == run.data.tags["git_commit"]
        assert RANKINGS[pipeline].metric in version.tags
        assert variant in version.description
        assert version.run_id in version.description
        assert version.tags["git_commit"] in version.description


@pytest.mark.usefixtures("store")
def test_the_same_model_is_registered_once(capfd: pytest.CaptureFixture[str]) -> None:
    for pipeline, variant in BEST.items():
        train(pipeline, variant)
    first = register_champions(PARAMS)
    before = [dict(version) for version in versions()]
    assert register_champions(PARAMS) == first
    assert [dict(version) for version in versions()] == before
    assert len(before) == 3
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("store")
def test_the_alias_moves_when_another_variant_wins_and_back(project: Path) -> None:
    models = {variant: train("imbalance", variant) for variant in ("lstm_altered", "ridge")}
    register_champions(PARAMS)
    for best, other in (("ridge", "lstm_altered"), ("lstm_altered", "ridge")):
        leave_results(project, "imbalance", best, good=True)
        leave_results(project, "imbalance", other, good=False)
        register_champions(PARAMS)
        assert champion("imbalance").source == models[best]
    assert len(versions()) == 2


@pytest.mark.usefixtures("store")
def test_a_score_that_was_measured_anew_is_told_of_the_same_version(project: Path) -> None:
    train("imbalance", "lstm_altered")
    register_champions(PARAMS)
    file = project / "results" / "imbalance" / "lstm_altered" / "metrics.json"
    file.write_text(json.dumps({"test": {"rmse": 0.125}}))
    register_champions(PARAMS)
    (version,) = versions()
    assert version.tags["rmse"] == "0.125"
    assert "0.125" in version.description


@pytest.mark.usefixtures("store")
def test_the_latest_whole_training_is_the_one_that_counts() -> None:
    train("imbalance", "lstm_altered")
    latest = train("imbalance", "lstm_altered")
    train("imbalance", "lstm_altered", trained=False)
    with continued_run("imbalance", "lstm_altered", 7, "key-lstm_altered") as run:
        run.log_repeat(training("lstm_altered"), pd.DataFrame(), {})
    register_champions(PARAMS)
    assert champion("imbalance").source == latest


@pytest.mark.usefixtures("store")
def test_a_training_that_the_store_does_not_know_is_told_of_and_costs_the_others_nothing() -> None:
    train("imbalance", "lstm_altered")
    train("digits", "ae")
    figures, digits, imbalance = register_champions(PARAMS)
    assert figures == (
        "champion of figures: reference, but the store does not have its model; "
        "`make publish` sends it"
    )
    assert "vae, but the store does not have its model" in digits
    assert imbalance.endswith("version 1")
    assert [version.name for version in versions()] == ["imbalance"]


@pytest.mark.usefixtures("store")
def test_a_model_that_was_half_sent_is_not_registered() -> None:
    train("imbalance", "lstm_altered", whole=False)
    assert "make publish" in register_champions(PARAMS)[2]
    assert versions() == []


@pytest.mark.usefixtures("store")
def test_an_experiment_in_a_folder_of_its_own_names_no_champions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    train("imbalance", "lstm_altered")
    monkeypatch.setattr(champions, "PROJECT", tmp_path / "elsewhere")
    assert register_champions(PARAMS) == []
    assert versions() == []


def test_a_store_that_is_absent_costs_one_warning_or_is_an_error_where_it_is_required(
    absent_server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert register_champions(PARAMS) == []
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tracking: http://127.0.0.1")
    assert "secret" not in line
    monkeypatch.setenv("TRACKING_REQUIRED", "1")
    with pytest.raises(TrackingError, match="failed"):
        register_champions(PARAMS)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "results/imbalance/ridge/metrics.json is missing"),
        ("[]", "results/imbalance/ridge/metrics.json: metrics.json holds no mapping"),
        ('{"rows": 3}', "results/imbalance/ridge/metrics.json: metrics.json holds no scores"),
        ("{", "results/imbalance/ridge/metrics.json"),
    ],
)
def test_metrics_that_are_missing_or_damaged_are_told_in_one_line(
    project: Path, content: str | None, said: str
) -> None:
    file = project / "results" / "imbalance" / "ridge" / "metrics.json"
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(StageError, match=said) as problem:
        register_champions(PARAMS)
    assert "\n" not in str(problem.value)
