"""Stage `imbalance-evaluate@variant`: forecast from every origin of the test part, and judge it."""

from collections.abc import Mapping

import pandas as pd

from pipelines.imbalance.backtest import run_backtest
from pipelines.imbalance.forecast_file import forecast_rows, write_forecasts
from pipelines.imbalance.prepared import read_prepared
from pipelines.imbalance.trained_forecaster import load_trained_forecaster
from pipelines.pictures import save_picture
from stages.command import in_one_line, read_input, relative, run_variant
from stages.imbalance.pictures import pictures
from stages.layout import imbalance_series, results
from stages.outputs import read_fingerprint, whole, write_json
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import continued_run

LEADERBOARD = {
    "RMSE": "test/rmse",
    "MAE": "test/mae",
    "CRPS": "test/crps",
    "in the 90 % interval": "test/coverage_90",
    "RMSE of one network": "one_network/rmse",
    "± its deviation": "one_network/rmse_deviation",
    "validation RMSE": "validation/rmse",
    "kind": "kind",
    "target": "target",
}


def evaluate(params: Params, variant: str) -> str:
    """Score the variant from every origin; write metrics, forecasts and pictures."""
    folder = results("imbalance", variant)
    prepared = read_input(read_prepared, imbalance_series())
    trained = read_input(load_trained_forecaster, folder / "model")
    history = read_input(pd.read_csv, folder / "history.csv")
    key = read_input(read_fingerprint, folder / "run.json")
    seed = stage_seed(params.seed, f"imbalance-evaluate@{variant}")

    with in_one_line(ValueError):
        features = trained.features(prepared.table)
        backtest = run_backtest(trained, features, prepared.origins(features).test)
        scores = {"test": backtest.to_metrics(features.clock.day, seed=seed)}
    rows = forecast_rows(
        features.times[backtest.origins], backtest.times, backtest.forecast, backtest.quantiles
    )
    if len(trained.forecasters) > 1:
        scores["one_network"] = backtest.seed_metrics()

    with continued_run("imbalance", variant, params.seed, key) as run:
        with whole(folder / "plots") as draft:
            draft.mkdir()
            for name, picture in pictures(variant, features, backtest, history):
                save_picture(picture, draft / f"{name}.png")
        with whole(folder / "forecasts.parquet") as draft:
            write_forecasts(rows, backtest.truth, draft)
        write_json(folder / "metrics.json", scores)
        run.log_metrics(scores)
        run.log_files(folder / "plots", "plots")
        run.log_files(folder / "history.csv")
        run.log_files(folder / "metrics.json")
        run.describe(description(scores["test"]))
        run.rank("test/skill", "source", "test/crps", LEADERBOARD)
    test = scores["test"]
    return (
        f"RMSE {test['rmse']:.1f} MW from {len(backtest.origins):,} origins, {test['skill']:.1%} "
        f"better than persistence → {relative(folder)}/metrics.json"
    )


def description(test: Mapping[str, float]) -> str:
    """Say in Markdown what the MLflow UI shows of a run first."""
    return (
        f"**RMSE {test['rmse']:.1f} MW** over two hours (95 % confidence: {test['rmse_low']:.1f} "
        f"to {test['rmse_high']:.1f}), {test['skill']:.1%} better than persistence. "
        f"{test['coverage_90']:.1%} of measurements lie in the 90 % interval."
    )


if __name__ == "__main__":
    run_variant("imbalance-evaluate", evaluate, lambda params: params.imbalance.variants)
