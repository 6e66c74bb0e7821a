"""The best variant's model is registered once, and the alias `champion` points to it."""

import mlflow
import pytest

from stages.tracking.champion import register_champion
from stages.tracking.runs import FINGERPRINT
from stages.tracking.store import experiment_id
from tests.stages.example import ACCURACY


def trained(store: mlflow.MlflowClient, variant: str, status: str) -> mlflow.entities.Run:
    """Return a run with a model."""
    tags = {"variant": variant, FINGERPRINT: f"key-{variant}", "git_commit": "0e5cd80"}
    run = store.create_run(experiment_id("figures"), tags=tags)
    experiment, name = run.info.experiment_id, run.info.run_id
    model = store.create_logged_model(experiment, "model", source_run_id=name)
    if status == "READY":
        store.finalize_logged_model(model.model_id, status)
    return run


def test_a_model_is_registered_once_and_the_alias_moves_to_the_best(
    store: mlflow.MlflowClient, capfd: pytest.CaptureFixture[str]
) -> None:
    small, wide = (trained(store, variant, "READY") for variant in ("small", "wide"))
    for run, number in ((small, 1), (small, 1), (wide, 2), (small, 1)):
        line = register_champion("figures", run, ACCURACY, 0.75)
        variant = run.data.tags["variant"]
        shown = "75.0\N{NO-BREAK SPACE}%"
        assert line == f"champion of figures: {variant}, accuracy {shown}, version {number}"
        champion = store.get_model_version_by_alias("figures", "champion")
        assert champion.run_id == run.info.run_id
    assert champion.tags == {
        **{"variant": "small", "accuracy": "0.75", "git_commit": "0e5cd80"},
        "fingerprint": "key-small",
    }
    words = ("small", small.info.run_id, "0e5cd80")
    assert all(word in champion.description for word in words)
    assert len(store.search_model_versions()) == 2
    assert capfd.readouterr().err == ""


def test_a_model_that_was_half_logged_is_not_registered(store: mlflow.MlflowClient) -> None:
    run = trained(store, "small", "PENDING")
    line = register_champion("figures", run, ACCURACY, 0.75)
    assert line == "champion of figures: small, but its run has no model"
    assert list(store.search_model_versions()) == []
