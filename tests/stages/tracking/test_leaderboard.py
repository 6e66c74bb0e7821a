"""The description of an experiment ranks the latest run of every variant, task by task."""

import mlflow
import pytest
from mlflow.tracking import fluent
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.outputs.metrics import Metric
from stages.outputs.ranking import Ranking
from stages.tracking.leaderboard import write_leaderboard
from stages.tracking.runs import LOGGED_AT
from stages.tracking.store import experiment_id
from stages.tracking.views import charts_link, compare_link, view_link
from tests.stages.example import ACCURACY, LOSS, RANKING


def record(store: mlflow.MlflowClient, variant: str, start: int, **values: float | str) -> str:
    """Create a run; numbers are summary metrics, texts are parameters or tags."""
    dataset = values.pop("dataset", "easy")
    tags = {name: text for name, text in values.items() if isinstance(text, str)}
    run = store.create_run(experiment_id("figures"), start, tags, run_name=variant).info.run_id
    store.log_param(run, "dataset", dataset)
    for name in values.keys() - tags.keys():
        store.log_metric(run, f"summary/{name}", values[name])
    return run


def description(
    store: mlflow.MlflowClient,
    ranking: Ranking = RANKING,
    metrics: tuple[Metric, ...] = (ACCURACY, LOSS),
) -> list[str]:
    """Write the leaderboard and return the lines of the description."""
    write_leaderboard("figures", ranking, metrics, ["dataset"], [])
    note = store.get_experiment_by_name("figures").tags["mlflow.note.content"]
    return note.replace("\N{NO-BREAK SPACE}", " ").replace("&emsp;", " ").splitlines()


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
    heading, *table = description(store)
    assert heading.startswith(
        "Ranked by **accuracy** on the test split, where higher is better. "
        "The best variant of each dataset is bold. "
    )
    assert table == [
        "",
        "| dataset | variant | accuracy | loss (nats) |",
        "| --- | --- | --- | --- |",
        "| easy | **e** | 90.0 % | 0.500 |",
        "| easy | b | 90.0 % | 1.000 |",
        "| easy | b (wider) | 80.0 % | – |",
        "| easy | a | 70.0 % | – |",
        "| hard | **d** | 20.0 % | – |",
    ]


def test_the_description_links_to_the_view_its_charts_and_compare(
    store: mlflow.MlflowClient,
) -> None:
    worse, best = (store.get_run(record(store, *each)) for each in (("a", 1), ("b", 2)))
    for run, accuracy in ((worse, 0.5), (best, 0.75)):
        store.log_metric(run.info.run_id, "summary/accuracy", accuracy)
    heading, experiment = description(store)[0], best.info.experiment_id
    for link in (
        view_link(experiment),
        charts_link(experiment),
        compare_link(experiment, [best, worse]),
    ):
        assert f"]({link})" in heading


def test_at_most_six_columns_are_shown_and_none_for_a_task_that_all_runs_share(
    store: mlflow.MlflowClient,
) -> None:
    record(store, "a", 1, accuracy=0.5)
    neutral = Metric("share", "share")
    others = [Metric(name, name, better="lower") for name in "uvwxyz"]
    metrics = (LOSS, neutral, *others, ACCURACY)
    title = description(store, metrics=metrics)[2]
    assert title == "| variant | accuracy | loss (nats) | u | v | w |"
    record(store, "b", 2, accuracy=0.5, dataset="hard")
    title = description(store, metrics=metrics)[2]
    assert title == "| dataset | variant | accuracy | loss (nats) | u | v |"


def test_the_lower_one_leads_where_lower_is_better(store: mlflow.MlflowClient) -> None:
    for start, (variant, loss) in enumerate({"a": 50.0, "b": 49.0, "c": 51.0}.items()):
        record(store, variant, start, loss=loss)
    order = [row.split(" ")[1] for row in description(store, Ranking(LOSS, ACCURACY))[4:]]
    assert order == ["**b**", "a", "c"]


def test_of_two_evaluations_of_one_training_the_later_one_counts(
    store: mlflow.MlflowClient,
) -> None:
    for day in (3, 5, 9, 1, 7, 2, 8, 4, 6):
        record(store, "a", 1, accuracy=day / 100, **{LOGGED_AT: f"2026-01-0{day}"})
    assert description(store)[4:] == ["| **a** | 9.0 % | – |"]


def test_an_experiment_without_a_ranked_run_has_no_leaderboard(store: mlflow.MlflowClient) -> None:
    record(store, "unmeasured", 1, loss=1.0)
    write_leaderboard("figures", RANKING, [ACCURACY, LOSS], ["dataset"], [])
    tags = store.get_experiment_by_name("figures").tags
    assert not {"mlflow.note.content", "mlflow.sharedViewState.leaderboard"} & tags.keys()
