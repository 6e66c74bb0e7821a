"""Differences between the present metrics and parameters and those of the last commit."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo

from stages import paths
from stages.outputs.metrics import MISSING, Metric, Summary
from stages.runner.pipeline import Pipeline


@dataclass(frozen=True)
class Change:
    """A metric or a parameter with another value than in the last commit.

    Attributes:
        of: the model with its pipeline, or the parameter.
        title: of the metric; empty for a parameter.
        before: the committed value.
        now: the present value.
        difference: between the two; empty where there is none.
        verdict: `better`, `worse` or empty.
    """

    of: str
    title: str
    before: str
    now: str
    difference: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Changes:
    """All differences from the last commit.

    Attributes:
        commit: abbreviated hash of the last commit.
        metrics: changes of summary metrics.
        parameters: changes of params.yaml.
        new: models that the commit does not have.
    """

    commit: str
    metrics: list[Change]
    parameters: list[Change]
    new: list[str]


def changes_since_commit(
    results: Iterable[tuple[Pipeline, Mapping[str, Summary]]],
) -> Changes | None:
    """Compare metrics and parameters with those of the last commit.

    Args:
        results: pipelines, each with the summary metrics of its models.

    Returns:
        The differences; None without a commit.
    """
    models = {
        f"{pipeline.name}/{model}": (pipeline.metrics_of(model), summary)
        for pipeline, summaries in results
        for model, summary in summaries.items()
    }
    files = ("metrics.json", "comparison.json")
    targets = [f"results/{model}/{file}" for model in models for file in files]
    try:
        with Repo(paths.ROOT) as repo:
            if repo.scm.no_commits:
                return None
            commit = repo.scm.get_rev()[:10]
            # It reads any file of keys and values; a second call would read dvc.lock again.
            found = repo.params.diff(a_rev="HEAD", targets=[paths.PARAMS.name, *targets])
    except DvcException:
        return None
    missing = found.get("errors", {}).get("HEAD", {})
    if isinstance(missing, Exception):  # DVC cannot read the commit
        return None
    differences: dict[str, dict[str, Any]] = found.get("diff", {})
    new = [model for model in models if f"results/{model}/metrics.json" in missing]
    metrics = [
        change
        for model, (columns, summary) in models.items()
        if model not in new
        for change in metric_changes(model, columns, summary, _values(differences, model))
    ]
    parameters = [
        Change(name, "", _as_text(values["old"]), _as_text(values["new"]))
        for name, values in differences.get(paths.PARAMS.name, {}).items()
    ]
    return Changes(commit, metrics, parameters, new)


def metric_changes(
    model: str,
    metrics: Iterable[Metric],
    summary: Summary,
    differences: Mapping[str, tuple[float | None, float | None]],
) -> Iterator[Change]:
    """Select the changes that a table shows and that chance does not explain.

    Args:
        model: its name with its pipeline.
        metrics: of the pipeline.
        summary: the present metrics of the model.
        differences: committed and present value by name of the metric.

    Yields:
        Changes that exceed the shown rounding and the standard deviation over the seeds.
    """
    for metric in metrics:
        before, now = differences.get(metric.name, (None, None))
        if metric.text(before) == metric.text(now):
            continue
        if before is None or now is None:
            yield Change(model, metric.title, metric.text(before), metric.text(now))
        elif abs(now - before) > summary.std.get(metric.name, 0.0):
            yield Change(
                model,
                metric.title,
                metric.text(before),
                metric.text(now),
                metric.change(before, now),
                metric.verdict(before, now),
            )


def _values(differences: Mapping[str, Any], model: str) -> dict[str, tuple[Any, Any]]:
    """Return committed and present values of a model by metric."""
    tests = differences.get(f"results/{model}/metrics.json", {})
    compared = differences.get(f"results/{model}/comparison.json", {})
    sections = {name.removeprefix("test."): each for name, each in tests.items()} | compared
    return {name: (each["old"], each["new"]) for name, each in sections.items()}


def _as_text(value: Any) -> str:
    if value is None:
        return MISSING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
