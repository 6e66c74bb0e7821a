"""Pipeline `imbalance`: forecasters of a power grid's imbalance, two hours ahead."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.imbalance.metrics import CRPS, METRICS, RMSE
from stages.outputs.ranking import Ranking
from stages.outputs.training import Training
from stages.params import Params
from stages.paths import imbalance_series
from stages.runner.pipeline import Pipeline, Section

if TYPE_CHECKING:
    from pipelines.pictures import Figure
    from stages.tracking.log_results import RunContent
    from stages.tracking.model import ServedModel

_STEP_METRIC = re.compile(r"rmse_step_\d+")


def describe_run(test: Mapping[str, Any], training: Training) -> str:
    """Return a description of a run in Markdown."""
    return (
        f"**RMSE {test['rmse']:.1f} MW** over two hours (95 % confidence interval "
        f"{test['rmse_ci_low']:.1f} to {test['rmse_ci_high']:.1f}). Skill score over persistence "
        f"{test['skill']:.1%}. {test['coverage_90']:.1%} of measurements lie in the 90 % interval."
    )


def served(training: Training) -> "ServedModel":
    """Return the MLflow model of a forecaster. The input example ends with the training split."""
    from pipelines.imbalance.data.prepared import read_prepared
    from stages.errors import read_input
    from stages.imbalance import serving
    from stages.tracking.model import ServedModel

    training_rows = read_input(read_prepared, imbalance_series()).training_rows
    return ServedModel(
        code=Path(serving.__file__),
        signature=serving.signature(),
        example=serving.example(training_rows),
        requirements=serving.REQUIREMENTS,
    )


def content() -> "RunContent":
    """Return the content of a forecaster's MLflow run."""
    from stages.tracking.log_results import RunContent

    return RunContent(describe_run, ("history.csv", "metrics.json", "scores.json"), served)


def draw_comparison(scores: Mapping[str, Any], params: Params) -> Iterator[tuple[str, "Figure"]]:
    """Yield captions and figures of the comparison of all variants."""
    import numpy as np

    from pipelines.imbalance.plots.forecasts import error_by_step

    curves = {
        variant: np.array([test[name] for name in sorted(test) if _STEP_METRIC.fullmatch(name)])
        for variant, test in scores.items()
    }
    yield (
        "RMSE by lead time on the test split, all variants",
        error_by_step(curves, params.imbalance.resolution),
    )


def _describe(forecaster: Any) -> list[str]:
    return [forecaster.kind, *(["trained on the residual"] * forecaster.residual)]


PIPELINE = Pipeline(
    name="imbalance",
    variants=lambda params: params.imbalance.models,
    metrics=METRICS,
    ranking=Ranking(RMSE, CRPS),
    content=content,
    tasks=("source",),
    compared_parameters=("kind", "target"),
    section=Section(
        purpose="Forecasters predict every step of a power grid's imbalance two hours ahead.",
        describe=_describe,
        plots={
            "imbalance/{best}/plots/forecasts.png": "Good, median and poor test forecasts of "
            "{best}",
            "imbalance/{best}/plots/calibration.png": "Coverage of the prediction intervals of "
            "{best} on the test split",
        },
        draw=draw_comparison,
    ),
)
