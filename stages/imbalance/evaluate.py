"""Stage `imbalance-evaluate@variant`: evaluate a forecaster at all origins of the test split."""

from collections.abc import Mapping
from typing import Any

from pipelines.imbalance.data.prepared import read_prepared
from pipelines.imbalance.evaluation.backtest import Backtest, run_backtest
from pipelines.imbalance.evaluation.forecast_file import write_forecasts
from pipelines.imbalance.features.features import Features
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.forecasters.forecast_table import forecast_rows
from pipelines.imbalance.forecasters.trained_forecaster import (
    TrainedForecaster,
    load_trained_forecaster,
)
from pipelines.imbalance.plots.forecasts import draw_forecasts
from pipelines.seeds import derive_seed
from stages.errors import read_input
from stages.imbalance.pipeline import PIPELINE
from stages.outputs.atomic import Writer
from stages.outputs.plots import plots_writer
from stages.params import Params
from stages.paths import imbalance_series
from stages.runner.command import run_variant
from stages.runner.evaluate_variant import Primary, evaluate_variant

Evaluation = tuple[Features, Backtest]


def evaluate(params: Params, variant: str) -> str:
    """Evaluate the variant and write metrics, forecasts and plots."""
    prepared = read_input(read_prepared, imbalance_series())
    seed = derive_seed(params.seed, "imbalance-evaluate")

    def score(forecaster: TrainedForecaster) -> tuple[Mapping[str, Any], Evaluation]:
        features = forecaster.features(prepared.table)
        backtest = run_backtest(forecaster, features, split_origins(prepared, features).test)
        scores: dict[str, Any] = backtest.to_metrics(features.clock.day, seed=seed)
        if members := backtest.seed_metrics():
            scores["one_network"] = members
        return scores, (features, backtest)

    def outputs(of: Primary[TrainedForecaster, Evaluation]) -> Mapping[str, Writer]:
        features, backtest = of.evaluation
        rows = forecast_rows(
            features.times[backtest.origins], backtest.times, backtest.forecast, backtest.quantiles
        )
        return {
            "plots": plots_writer(draw_forecasts(of.variant, features, backtest, of.history)),
            "forecasts.parquet": lambda draft: write_forecasts(rows, backtest.truth, draft),
        }

    def message(scores: Mapping[str, Any]) -> str:
        return f"RMSE {scores['rmse']:.1f} MW, skill score {scores['skill']:.1%}"

    return evaluate_variant(PIPELINE, variant, load_trained_forecaster, score, outputs, message)


if __name__ == "__main__":
    run_variant("imbalance-evaluate", evaluate, PIPELINE.variants)
