"""What a pipeline is: one value of `Pipeline`, in `stages/<pipeline>/pipeline.py`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stages.outputs.metrics import Metric
from stages.outputs.ranking import Ranking
from stages.params import Params
from stages.params.section import Variant

if TYPE_CHECKING:  # matplotlib and mlflow are imported only where they are used
    from pipelines.pictures import Figure
    from stages.tracking.log_results import RunContent


@dataclass(frozen=True)
class Section:
    """The section of a pipeline in the report.

    Attributes:
        purpose: what the pipeline does, in one sentence.
        describe: what sets a variant apart, from its parameters, in a few words each.
        plots: files under `results/` with their captions; `{best}` stands for the best variant.
            Missing files are left out.
        roles: further names for such places, each with the metric whose best variant takes it.
        draw: further pictures with their captions, drawn from the scores of all variants.
    """

    purpose: str
    describe: Callable[[Any], list[str]]
    plots: Mapping[str, str]
    roles: Mapping[str, Metric] = field(default_factory=dict)
    draw: Callable[[Mapping[str, Any], Params], Iterator[tuple[str, "Figure"]]] | None = None


@dataclass(frozen=True)
class Evaluator:
    """A model that is no variant but evaluates the variants.

    Attributes:
        name: of its results and its run.
        metrics: by which it is described.
        content: what its run in MLflow holds.
    """

    name: str
    metrics: Sequence[Metric]
    content: Callable[[], "RunContent"]


@dataclass(frozen=True)
class Pipeline:
    """Everything that the runner, the tracking and the report need to know of a pipeline.

    Attributes:
        name: of its folder, its section of params.yaml, its experiment and its registered model.
        variants: the models to train and compare, from the parameters.
        metrics: by which they are compared; columns of the report.
        ranking: which of them is the best.
        eligible: whether a variant may be the best, from its parameters.
        content: what the run of a variant in MLflow holds.
        tasks: parameters of a run that name its task; only runs of equal tasks compare.
        compared_parameters: parameters of a run that the leaderboard shows.
        section: of the report.
        evaluator: a model that is no variant, or None.
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
        """Return the names of all that has results: the variants and the evaluator."""
        return [*([self.evaluator.name] if self.evaluator else []), *self.variants(params)]

    def metrics_of(self, model: str) -> Sequence[Metric]:
        """Return the metrics of a variant or of the evaluator."""
        is_evaluator = self.evaluator and model == self.evaluator.name
        return self.evaluator.metrics if is_evaluator else self.metrics

    def content_of(self, model: str) -> "RunContent":
        """Return what the run of a variant or of the evaluator holds."""
        is_evaluator = self.evaluator and model == self.evaluator.name
        return self.evaluator.content() if is_evaluator else self.content()
