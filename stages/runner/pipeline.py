"""Description of a pipeline: `stages/<pipeline>/pipeline.py` defines one `Pipeline` each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stages.outputs.metrics import Metric
from stages.outputs.ranking import Ranking
from stages.params import Params
from stages.params.section import Variant

if TYPE_CHECKING:  # importing matplotlib and mlflow is slow
    from pipelines.pictures import Figure
    from stages.tracking.log_results import RunContent


@dataclass(frozen=True)
class Section:
    """Section of a pipeline in the report.

    Attributes:
        purpose: One sentence that describes the pipeline.
        describe: Function that returns short labels of a variant from its parameters.
        plots: Captions by path under `results/`. `{best}` stands for the best variant. Missing
            files are left out.
        roles: Further placeholders in `plots`: the variant that is best by a metric.
        draw: Function that draws figures, with captions, from the scores of all variants.
    """

    purpose: str
    describe: Callable[[Any], list[str]]
    plots: Mapping[str, str]
    roles: Mapping[str, Metric] = field(default_factory=dict)
    draw: Callable[[Mapping[str, Any], Params], Iterator[tuple[str, "Figure"]]] | None = None


@dataclass(frozen=True)
class Evaluator:
    """A model that evaluates the variants of its pipeline.

    Attributes:
        name: Name of its folder of results and of its run.
        metrics: Metrics of the model.
        content: Function that returns the content of its MLflow run.
    """

    name: str
    metrics: Sequence[Metric]
    content: Callable[[], "RunContent"]


@dataclass(frozen=True)
class Pipeline:
    """Description of a pipeline for running, tracking and reporting.

    Attributes:
        name: Name of its folder, section of params.yaml, experiment and registered model.
        variants: Function that returns the parameters of each variant, by name.
        metrics: Metrics of the variants, in the order of the report's columns.
        ranking: Ranking of the variants.
        eligible: Function that returns, from its parameters, whether a variant may be the best.
        content: Function that returns the content of a variant's MLflow run.
        tasks: Parameters that define the task. Only runs with equal values are comparable.
        compared_parameters: Parameters that the leaderboard shows.
        section: Section of the report.
        evaluator: Model that evaluates the variants, or None.
    """

    name: str
    variants: Callable[[Params], Mapping[str, Variant]]
    metrics: Sequence[Metric]
    ranking: Ranking
    content: Callable[[], "RunContent"]
    tasks: Sequence[str]
    compared_parameters: Sequence[str]
    section: Section
    eligible: Callable[[Any], bool] = lambda settings: True
    evaluator: Evaluator | None = None

    def models(self, params: Params) -> list[str]:
        """Return the names of all models: the evaluator, if any, and the variants."""
        return [*([self.evaluator.name] if self.evaluator else []), *self.variants(params)]

    def metrics_of(self, model: str) -> Sequence[Metric]:
        """Return the metrics of a variant or of the evaluator."""
        is_evaluator = self.evaluator and model == self.evaluator.name
        return self.evaluator.metrics if is_evaluator else self.metrics

    def content_of(self, model: str) -> "RunContent":
        """Return the content of the MLflow run of a variant or of the evaluator."""
        is_evaluator = self.evaluator and model == self.evaluator.name
        return self.evaluator.content() if is_evaluator else self.content()
