"""The leaderboard of a pipeline: rows of the page, and content of `results/leaderboard.json`."""

from dataclasses import dataclass
from typing import Any

from stages.outputs.metrics import Metric, Summary
from stages.params import Params
from stages.report.plots import embedded_plots
from stages.runner.pipeline import Pipeline
from stages.runner.standings import Standings, read_model_summary, read_standings


@dataclass(frozen=True)
class Leaderboard:
    """The section of a pipeline.

    Attributes:
        pipeline: its metrics are the columns.
        standings: of its variants.
        facts: what sets each variant apart.
        evaluator: summary metrics of the evaluator, or None.
        plots: caption and address of each picture.
    """

    pipeline: Pipeline
    standings: Standings
    facts: dict[str, list[str]]
    evaluator: Summary | None
    plots: list[tuple[str, str]]

    @property
    def columns(self) -> list[Metric]:
        """The metrics that at least one variant has."""
        names = {name for summary in self.standings.summaries.values() for name in summary.test}
        return [metric for metric in self.pipeline.metrics if metric.name in names]

    @property
    def headings(self) -> list[str]:
        """The headings of the columns: `RMSE (MW)`."""
        return [f"{each.title} ({each.unit})" if each.unit else each.title for each in self.columns]

    @property
    def groups(self) -> list[list[str]]:
        """The ranked variants, and those that have another task."""
        eligible = self.standings.eligible | {self.standings.best}
        ranked = [name for name in self.standings.order if name in eligible]
        return [ranked, [name for name in self.standings.order if name not in eligible]]

    @property
    def summaries(self) -> dict[str, Summary]:
        """The summary metrics of all models."""
        evaluator = self.pipeline.evaluator
        own = {evaluator.name: self.evaluator} if evaluator and self.evaluator else {}
        return {**self.standings.summaries, **own}

    @property
    def document(self) -> dict[str, Any]:
        """The ranking as JSON holds it."""
        ranking, standings = self.pipeline.ranking, self.standings
        variants = [
            {
                "variant": name,
                "eligible": name in standings.eligible,
                "metrics": dict(standings.summaries[name].test),
            }
            for name in standings.order
        ]
        return {
            "ranked_by": ranking.metric.name,
            "better": ranking.metric.better,
            "best": standings.best,
            "variants": variants,
        }


def read_leaderboard(pipeline: Pipeline, params: Params) -> Leaderboard:
    """Read everything that the section of a pipeline shows.

    Args:
        pipeline: of the section.
        params: all parameters.

    Raises:
        StageError: results are missing or damaged.
    """
    standings, evaluator = read_standings(pipeline, params), pipeline.evaluator
    facts = {
        name: [fact for fact in pipeline.section.describe(settings) if fact != name]
        for name, settings in pipeline.variants(params).items()
    }
    return Leaderboard(
        pipeline,
        standings,
        facts,
        read_model_summary(pipeline.name, evaluator.name) if evaluator else None,
        list(embedded_plots(pipeline, standings, params)),
    )
