"""The experiment's description tells which variant leads, in the right direction."""

import mlflow
import pytest
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.ranking import RANKINGS, Ranking
from stages.tracking import new_run

pytestmark = pytest.mark.usefixtures("store")


def record(
    ranking: Ranking, variant: str, data: str, metrics: dict[str, float], width: int = 1
) -> None:
    with new_run("figures", variant, seed=7, fingerprint="abc") as run:
        layers = [{"width": width, "activation": "relu"}]
        run.log_parameters({"layers": layers, "dataset": data, "channels": 1})
        run.log_metrics({"headline": metrics})
        run.rank(ranking, ["dataset", "channels"], {"hidden layers": "layers"})


def note() -> list[str]:
    return mlflow.get_experiment_by_name("figures").tags["mlflow.note.content"].splitlines()


def test_the_latest_run_of_each_variant_is_ranked_among_those_asked_for_the_same() -> None:
    ranking = RANKINGS["figures"]
    record(ranking, "a", "easy", {"accuracy_low": 0.95}, width=1)
    record(ranking, "b", "easy", {"accuracy_low": 0.9}, width=2)
    record(ranking, "a", "easy", {"accuracy_low": 0.7}, width=3)
    record(ranking, "c", "easy", {"accuracy": 0.99}, width=4)
    record(ranking, "d", "hard", {"accuracy_low": 0.2}, width=5)
    first, *_, second, third, last = note()
    assert first == (
        "Best by test accuracy, lower end of its 95 % confidence interval (the higher the "
        "better), for each dataset, channels: easy, 1: **b** 0.9; hard, 1: **d** 0.2."
    )
    assert second == "| easy | 1 | **b** | 0.9 | 2:relu |"
    assert third == "| easy | 1 | a | 0.7 | 3:relu |"
    assert last == "| hard | 1 | **d** | 0.2 | 5:relu |"


def test_the_lower_error_leads() -> None:
    for variant, error in {"a": 50.0, "b": 49.0, "c": 51.0}.items():
        record(RANKINGS["imbalance"], variant, "grid", {"rmse": error})
    first, *_, second, third, fourth = note()
    assert "(the lower the better)" in first
    assert [line.split(" | ")[2] for line in (second, third, fourth)] == ["**b**", "a", "c"]


def test_equals_are_told_apart_by_the_second_metric() -> None:
    for variant, loss in {"a": 0.2, "b": 0.1}.items():
        record(RANKINGS["figures"], variant, "easy", {"accuracy_low": 0.9, "cross_entropy": loss})
    assert "**b**" in note()[0]


def test_a_repetition_from_another_seed_does_not_stand_for_its_variant() -> None:
    ranking = RANKINGS["imbalance"]
    record(ranking, "a", "grid", {"rmse": 50.0})
    experiment = mlflow.get_experiment_by_name("figures").experiment_id
    client = mlflow.MlflowClient()
    (parent,) = client.search_runs([experiment])
    tags = {MLFLOW_PARENT_RUN_ID: parent.info.run_id}
    child = client.create_run(experiment, tags=tags, run_name="a").info.run_id
    client.log_metric(child, "headline/rmse", 1.0)
    record(ranking, "b", "grid", {"rmse": 51.0})
    assert note()[0].endswith("grid, 1: **a** 50.")
