"""The report lists changes since the last commit that exceed rounding and seed noise."""

import json
import shutil
from pathlib import Path

import pytest

from stages.figures.metrics import METRICS
from stages.outputs.metrics import Metric
from stages.report.changes import MetricChange
from tests.stages.report.fabricated import change, commit, git, write, write_report
from tests.stages.report.read_page import ReadPage

RMSE = Metric("rmse", "RMSE", ".2f", "MW", "lower")
ACCURACY = Metric("accuracy", "accuracy", ".1%", better="higher")


def read(root: Path) -> ReadPage:
    return ReadPage(write_report(root))


@pytest.mark.parametrize(
    ("metric", "before", "now", "std", "is_notable"),
    [
        (RMSE, 43.73, 44.13, 0.2, True),
        (RMSE, 44.13, 43.73, 0.2, True),
        (RMSE, 43.73, 43.90, 0.2, False),  # within the standard deviation over the seeds
        (RMSE, 43.73, 43.90, 0.0, True),
        (RMSE, 43.7349, 43.7351, 0.0, False),  # 43.73 and 43.74 only by rounding
        (RMSE, 43.73, 43.73 + 4.1e-8, 0.0, False),
        (ACCURACY, 0.9912, 0.9917, 0.0, False),
        (ACCURACY, 0.991, 0.993, 0.001, True),
    ],
)
def test_a_notable_change_exceeds_rounding_and_standard_deviation(
    metric: Metric, before: float, now: float, std: float, is_notable: bool
) -> None:
    assert MetricChange("imbalance/ridge", metric, before, now, std).is_notable == is_notable


def test_results_of_another_machine_are_counted_and_not_listed(fabricated: Path) -> None:
    """The last digits of floating-point numbers differ between machines."""
    changed = 0
    for file in (fabricated / "results").glob("*/*/metrics.json"):
        values = json.loads(file.read_text())["test"]
        change(file, **{name: value * (1 + 1e-7) for name, value in values.items()})
        changed += len(values)
    report = read(fabricated)
    assert "No metric changed beyond rounding and seed noise." in " ".join(report.text.split())
    assert f"Smaller changes of metrics, not listed: {changed}." in report.text
    assert "Changed metrics" not in report.tables


def test_a_change_within_the_standard_deviation_over_seeds_is_not_listed(fabricated: Path) -> None:
    file = fabricated / "results/figures/demo_1/metrics.json"
    seeds = {"count": 3, "mean": {"accuracy": 0.5}, "std": {"accuracy": 0.1}}
    change(file, accuracy=0.5)
    commit(fabricated)
    change(file, accuracy=0.55)
    write(file, json.loads(file.read_text()) | {"seeds": seeds})
    report = read(fabricated)
    assert "Changed metrics" not in report.tables
    assert "Smaller changes of metrics, not listed: 1." in report.text


def test_changed_metrics_and_parameters_are_listed_until_the_next_commit(
    fabricated: Path,
) -> None:
    metrics = fabricated / "results/figures/demo_1/metrics.json"
    change(metrics, accuracy=0.75)
    commit(fabricated)
    change(metrics, accuracy=0.25)
    params = (fabricated / "params.yaml").read_text()
    assert "seed: 42\n" in params
    (fabricated / "params.yaml").write_text(params.replace("seed: 42\n", "seed: 43\n"))

    report = read(fabricated)
    (title,) = (metric.title for metric in METRICS if metric.name == "accuracy")
    assert report.tables["Changed metrics"][1:] == [
        [
            *("figures/demo_1", title, "75.0\N{NO-BREAK SPACE}%", "25.0\N{NO-BREAK SPACE}%"),
            *("−50 points", "worse"),
        ],
    ]
    assert report.tables["Changed parameters"][1:] == [["seed", "42", "43"]]
    assert git(fabricated, "rev-parse", "HEAD")[:10] in report.text

    commit(fabricated)
    report = read(fabricated)
    assert "No metric changed beyond rounding and seed noise." in " ".join(report.text.split())
    assert "Smaller changes" not in report.text
    assert not {"Changed metrics", "Changed parameters"} & set(report.tables)


def test_a_model_that_the_commit_does_not_contain_is_named_without_its_metrics(
    fabricated: Path,
) -> None:
    file = fabricated / "results/figures/demo_1/metrics.json"
    content = file.read_text()
    file.unlink()
    commit(fabricated)
    file.write_text(content)
    report = read(fabricated)
    assert "New models: figures/demo_1." in report.text
    assert "Changed metrics" not in report.tables


def test_without_a_commit_or_a_repository_no_changes_are_listed(
    fabricated: Path,
) -> None:
    shutil.rmtree(fabricated / ".git")
    assert "There is no commit to compare with." in read(fabricated).text
    git(fabricated, "init", "--quiet")
    assert "There is no commit to compare with." in read(fabricated).text
