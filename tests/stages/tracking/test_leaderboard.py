"""The description of an experiment ranks the latest run of every variant, task by task."""

import mlflow
import pytest
from mlflow.tracking import fluent
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.outputs.ranking import Ranking
from stages.tracking.leaderboard import write_leaderboard
from stages.tracking.runs import LOGGED_AT
from stages.tracking.store import experiment_id
from tests.stages.example import ACCURACY, LOSS, RANKING


def record(store: mlflow.MlflowClient, variant: str, start: int, **values: float | str) -> str:
    """Create a run; numbers are summary metrics, texts are parameters or tags."""
    dataset = values.pop("dataset", "easy")
    tags = {name: text for name, text in values.items() if isinstance(text, str)}
    run = store.create_run(experiment_id("figures"), start, tags, run_name=variant).info.run_id
    store.log_param(run, "dataset", dataset)
    store.log_param(run, "width", start)
    for name in values.keys() - tags.keys():
        store.log_metric(run, f"summary/{name}", values[name])
    return run


def rows(store: mlflow.MlflowClient, ranking: Ranking = RANKING) -> list[str]:
    write_leaderboard("figures", ranking, [ACCURACY, LOSS], ["dataset"], ["width"])
    note = store.get_experiment_by_name("figures").tags["mlflow.note.content"]
    return note.replace("\N{NO-BREAK SPACE}", " ").splitlines()


def test_the_latest_run_of_each_variant_is_ranked_within_its_task(
    store: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fluent, "NUM_RUNS_PER_PAGE_PANDAS", 2)
    record(store, "a", 1, accuracy=0.95)
    record(store, "b", 2, accuracy=0.9, loss=1.0)
    parent = record(store, "a", 3, accuracy=0.7)
    record(store, "a", 4, accuracy=0.99, **{MLFLOW_PARENT_RUN_ID: parent})  # of a further seed
    record(store, "unmeasured", 5, loss=1.0)
    record(store, "d", 6, accuracy=0.2, dataset="hard")
    record(store, "e", 7, accuracy=0.9, loss=0.5)
    record(store, "b", 8, accuracy=0.8, dvc_experiment="wider")
    assert rows(store) == [
        "Ranked by accuracy: it ranks.",
        "",
        "| dataset | variant | accuracy | loss | width |",
        "| --- | --- | --- | --- | --- |",
        "| easy | **e** | 90.0 % | 0.500 | 7 |",
        "| easy | b | 90.0 % | 1.000 | 2 |",
        "| easy | b (wider) | 80.0 % | – | 8 |",
        "| easy | a | 70.0 % | – | 3 |",
        "| hard | **d** | 20.0 % | – | 6 |",
    ]


def test_the_lower_one_leads_where_lower_is_better(store: mlflow.MlflowClient) -> None:
    for start, (variant, loss) in enumerate({"a": 50.0, "b": 49.0, "c": 51.0}.items()):
        record(store, variant, start, loss=loss)
    order = [row.split(" | ")[1] for row in rows(store, Ranking(LOSS, ACCURACY))[4:]]
    assert order == ["**b**", "a", "c"]


def test_of_two_evaluations_of_one_training_the_later_one_counts(
    store: mlflow.MlflowClient,
) -> None:
    for day in (3, 5, 9, 1, 7, 2, 8, 4, 6):
        record(store, "a", 1, accuracy=day / 100, **{LOGGED_AT: f"2026-01-0{day}"})
    assert rows(store)[4:] == ["| easy | **a** | 9.0 % | – | 1 |"]
