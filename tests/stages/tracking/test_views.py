"""The view of an experiment shows, in MLflow's format, what the runs differ in."""

import base64
import json
import zlib
from typing import Any

import mlflow
import pytest

from stages.outputs.metrics import Metric
from stages.outputs.ranking import Ranking
from stages.tracking.leaderboard import write_leaderboard
from stages.tracking.store import experiment_id
from tests.stages.example import ACCURACY, LOSS

COUNT = Metric("count", "count")


@pytest.fixture
def runs(store: mlflow.MlflowClient) -> None:
    """Two runs that differ in two parameters; one has a curve, both have further metrics."""
    for variant, width in (("small", 2), ("wide", 20)):
        run = store.create_run(experiment_id("figures"), run_name=variant).info.run_id
        for name, text in {
            "seed": 7,
            "dataset": "zeros",
            "output": variant,
            "width": width,
        }.items():
            store.log_param(run, name, text)
        for name in ("summary/accuracy", "summary/loss", "summary/count", "test/recall/cross"):
            store.log_metric(run, name, width)
    for epoch in (1, 2):
        store.log_metric(run, "train/loss", 1 / epoch, step=epoch)


def view(store: mlflow.MlflowClient, ranking: Ranking) -> dict[str, Any]:
    """Write the leaderboard and return the state of the view."""
    write_leaderboard("figures", ranking, [COUNT, ACCURACY, LOSS], ["dataset"], ["width"])
    tags = store.get_experiment_by_name("figures").tags
    saved = json.loads(tags["mlflow.sharedViewState.leaderboard"])
    assert saved["name"] == "Leaderboard"
    assert isinstance(saved["createdAt"], int)
    kind, _, packed = saved["state"].partition(";")
    assert kind == "deflate"
    return json.loads(zlib.decompress(base64.b64decode(packed)))


@pytest.mark.usefixtures("runs")
def test_columns_are_the_metrics_then_the_parameters_that_differ(
    store: mlflow.MlflowClient,
) -> None:
    columns = view(store, Ranking(ACCURACY, LOSS))["selectedColumns"]
    assert columns == [
        "metrics.`summary/accuracy`",
        "metrics.`summary/loss`",
        "metrics.`summary/count`",
        "params.`width`",
        "params.`output`",
    ]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("ranking", "key", "ascending"),
    [
        (Ranking(ACCURACY, LOSS), "metrics.`summary/accuracy`", False),
        (Ranking(LOSS, ACCURACY), "metrics.`summary/loss`", True),
    ],
)
def test_the_best_run_is_in_the_first_row(
    store: mlflow.MlflowClient, ranking: Ranking, key: str, ascending: bool
) -> None:
    state = view(store, ranking)
    assert (state["orderByKey"], state["orderByAsc"]) == (key, ascending)
    order = [f"{key} {'ASC' if ascending else 'DESC'}"]
    first = store.search_runs([experiment_id("figures")], order_by=order)[0]
    assert first.info.run_name == ("small" if ascending else "wide")


@pytest.mark.usefixtures("runs")
def test_metrics_with_a_better_direction_and_curves_have_charts_and_other_sections_are_folded(
    store: mlflow.MlflowClient,
) -> None:
    state = view(store, Ranking(ACCURACY, LOSS))
    charts = {each["metricKey"]: each["metricSectionId"] for each in state["compareRunCharts"]}
    assert list(charts.items()) == [
        ("summary/accuracy", "summary"),
        ("summary/loss", "summary"),
        ("train/loss", "train"),
    ]
    sections = {each["uuid"]: each["display"] for each in state["compareRunSections"]}
    assert list(sections.items()) == [
        ("summary", True),
        ("validation", True),
        ("train", True),
        ("test/recall", False),
    ]
