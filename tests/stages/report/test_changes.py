"""The page lists what differs from the last commit, beyond rounding and chance."""

import json
import shutil
from pathlib import Path

import pytest

from stages.outputs.metrics import Metric, Summary
from stages.report.changes import metric_changes
from tests.stages.report.fabricated import change, commit, git, write, write_report
from tests.stages.report.read_page import ReadPage

RMSE = Metric("rmse", "RMSE", ".2f", "MW", "lower")
SUMMARY = Summary({"rmse": 43.73}, 3, {"rmse": 43.7}, {"rmse": 0.2})


def read(root: Path) -> ReadPage:
    return ReadPage(write_report(root))


@pytest.mark.parametrize(
    ("before", "now", "shown"),
    [
        (44.13, 43.73, [("44.13", "43.73", "−0.4", "better")]),
        (43.4, 43.73, [("43.40", "43.73", "+0.33", "worse")]),
        (43.9, 43.73, []),  # within the standard deviation over the seeds
        (43.7301, 43.7299, []),  # within the rounding
        (None, 43.73, [("–", "43.73", "", "")]),
        (43.73, None, [("43.73", "–", "", "")]),
    ],
)
def test_a_change_is_shown_if_it_exceeds_rounding_and_standard_deviation(
    before: float | None, now: float | None, shown: list[tuple[str, ...]]
) -> None:
    changes = metric_changes("imbalance/ridge", (RMSE,), SUMMARY, {"rmse": (before, now)})
    cells = [(each.before, each.now, each.difference, each.verdict) for each in changes]
    assert cells == shown


def test_changed_metrics_and_parameters_are_listed_until_they_are_committed(
    fabricated: Path,
) -> None:
    metrics = fabricated / "results/figures/demo_1/metrics.json"
    change(metrics, accuracy=0.75)
    comparison = fabricated / "results/imbalance/lstm/comparison.json"
    write(comparison, json.loads(comparison.read_text()) | {"p_value": 0.5})
    commit(fabricated)
    change(metrics, accuracy=0.25)
    write(comparison, json.loads(comparison.read_text()) | {"p_value": 0.25})
    params = (fabricated / "params.yaml").read_text()
    assert "seed: 42\n" in params
    (fabricated / "params.yaml").write_text(params.replace("seed: 42\n", "seed: 43\n"))

    page = read(fabricated)
    assert page.tables["Changed metrics"][1:] == [
        [
            *("figures/demo_1", "accuracy", "75.0\N{NO-BREAK SPACE}%", "25.0\N{NO-BREAK SPACE}%"),
            *("−50 points", "worse"),
        ],
        ["imbalance/lstm", "p", "0.5", "0.25", "−0.25", ""],
    ]
    assert page.tables["Changed parameters"][1:] == [["seed", "42", "43"]]
    assert git(fabricated, "rev-parse", "HEAD")[:10] in page.text

    commit(fabricated)
    page = read(fabricated)
    assert "Nothing changed." in page.text
    assert not {"Changed metrics", "Changed parameters"} & set(page.tables)


def test_a_model_that_the_commit_does_not_have_is_named_without_its_metrics(
    fabricated: Path,
) -> None:
    file = fabricated / "results/figures/demo_1/metrics.json"
    content = file.read_text()
    file.unlink()
    commit(fabricated)
    file.write_text(content)
    page = read(fabricated)
    assert "Not in that commit: figures/demo_1." in page.text
    assert "Changed metrics" not in page.tables


def test_without_a_commit_or_a_repository_there_is_nothing_to_compare_with(
    fabricated: Path,
) -> None:
    shutil.rmtree(fabricated / ".git")
    assert "There is no commit to compare with." in read(fabricated).text
    git(fabricated, "init", "--quiet")
    assert "There is no commit to compare with." in read(fabricated).text
