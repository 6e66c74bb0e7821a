"""Ranking of a pipeline's variants by their result files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from stages.errors import in_one_line, read_input
from stages.outputs.atomic import read_json
from stages.outputs.metrics import Metric, Summary, numbers, read_summary
from stages.params import Params
from stages.paths import results
from stages.runner.pipeline import Pipeline


@dataclass(frozen=True)
class Standings:
    """Ranked variants of a pipeline.

    Attributes:
        order: All variants, the best one first.
        eligible: Variants that may be the best.
        summaries: Summary metrics by variant, including those of the comparison with the baseline.
    """

    order: list[str]
    eligible: set[str]
    summaries: Mapping[str, Summary]

    @property
    def best(self) -> str:
        """The best variant."""
        return self.order[0]

    def best_by(self, metric: Metric) -> str | None:
        """Return the variant that is best by a metric, or None if no variant has the metric."""
        values = {
            name: summary.test[metric.name]
            for name, summary in self.summaries.items()
            if metric.name in summary.test
        }
        best_of = min if metric.better == "lower" else max
        return best_of(values, key=values.__getitem__, default=None)


def read_standings(pipeline: Pipeline, params: Params) -> Standings:
    """Read the summary metrics of a pipeline's variants and rank them.

    Args:
        pipeline: The pipeline.
        params: All parameters.

    Raises:
        StageError: Results are missing or damaged, or no variant has the ranking metric.
    """
    variants = pipeline.variants(params)
    summaries = {name: read_model_summary(pipeline.name, name) for name in variants}
    tests = {name: summary.test for name, summary in summaries.items()}
    eligible = {name for name, settings in variants.items() if pipeline.eligible(settings)}
    with in_one_line(ValueError):
        _, order = pipeline.ranking.order(tests, eligible)
    return Standings(order, eligible or set(order), summaries)


def read_model_summary(pipeline: str, model: str) -> Summary:
    """Read the summary metrics of a model, including its `comparison.json` if there is one.

    Raises:
        StageError: A file is missing or damaged.
    """
    folder = results(pipeline, model)
    summary = read_input(read_summary, folder / "metrics.json")
    comparison = folder / "comparison.json"
    if not comparison.exists():
        return summary
    return replace(summary, test={**summary.test, **read_input(_read_numbers, comparison)})


def _read_numbers(path: Path) -> dict[str, float]:
    try:
        return numbers(read_json(path))
    except TypeError as problem:
        raise ValueError(str(problem)) from None
