"""The leaderboard of a pipeline, for the report and for `results/leaderboard.json`."""

from dataclasses import dataclass
from typing import Any

from stages.outputs.metrics import Metric, Summary
from stages.params import Params
from stages.report.plots import embedded_plots
from stages.runner.pipeline import Pipeline
from stages.runner.standings import Standings, read_model_summary, read_standings


@dataclass(frozen=True)
class Leaderboard:
    """The ranked variants of a pipeline, with their pictures.

    Attributes:
        pipeline: definition of the pipeline.
        standings: variants in order, with their metrics.
        descriptions: distinguishing parameters of each variant, in a few words each.
        evaluator: summary metrics of the evaluator; None without one.
        plots: caption and `data:` address of each picture.
    """

    pipeline: Pipeline
    standings: Standings
    descriptions: dict[str, list[str]]
    evaluator: Summary | None
    plots: list[tuple[str, str]]

    @property
    def columns(self) -> list[Metric]:
        """Metrics that at least one variant has."""
        names = {name for summary in self.standings.summaries.values() for name in summary.test}
        return [metric for metric in self.pipeline.metrics if metric.name in names]

    @property
    def headings(self) -> list[str]:
        """Headings of the columns, for example `RMSE (MW) ↓`."""
        arrows = {"higher": "\N{NO-BREAK SPACE}↑", "lower": "\N{NO-BREAK SPACE}↓", None: ""}
        return [
            f"{each.title} ({each.unit})".removesuffix(" ()") + arrows[each.better]
            for each in self.columns
        ]

    @property
    def groups(self) -> list[list[str]]:
        """Ranked variants, and variants with another task."""
        eligible = self.standings.eligible | {self.standings.best}
        ranked = [name for name in self.standings.order if name in eligible]
        return [ranked, [name for name in self.standings.order if name not in eligible]]

    @property
    def summaries(self) -> dict[str, Summary]:
        """Summary metrics of the variants and the evaluator."""
        evaluator = self.pipeline.evaluator
        own = {evaluator.name: self.evaluator} if evaluator and self.evaluator else {}
        return {**self.standings.summaries, **own}

    @property
    def document(self) -> dict[str, Any]:
        """Content for `results/leaderboard.json`."""
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
    """Read the metrics of a pipeline's models, rank its variants and embed its pictures.

    Args:
        pipeline: definition of the pipeline.
        params: all parameters.

    Raises:
        StageError: results are missing or damaged.
    """
    standings, evaluator = read_standings(pipeline, params), pipeline.evaluator
    descriptions = {
        name: [words for words in pipeline.section.describe(settings) if words != name]
        for name, settings in pipeline.variants(params).items()
    }
    return Leaderboard(
        pipeline,
        standings,
        descriptions,
        read_model_summary(pipeline.name, evaluator.name) if evaluator else None,
        list(embedded_plots(pipeline, standings, params)),
    )
