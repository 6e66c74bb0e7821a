"""Stage `imbalance-evaluate@variant`: forecast from every origin of the test part, and judge it."""

from pathlib import Path

from pipelines.imbalance.backtest import Backtest, run_backtest
from pipelines.imbalance.features import Features
from pipelines.imbalance.forecast_file import forecast_rows, write_forecasts
from pipelines.imbalance.prepared import Prepared, read_prepared
from pipelines.imbalance.trained_forecaster import TrainedForecaster, load_trained_forecaster
from pipelines.pictures import save_picture
from stages.command import in_one_line, read_input, relative, run_variant
from stages.imbalance.pictures import pictures
from stages.imbalance.record import record_evaluation, record_training
from stages.layout import imbalance_series, results
from stages.outputs import json_writer, write_outputs
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import continued_run
from stages.training import over_seeds, read_history, read_training, trainings_of

HEADLINES = ("rmse", "rmse_low", "rmse_high", "mae", "crps", "skill", "coverage_80", "coverage_90")


def evaluate(params: Params, variant: str) -> str:
    """Score the variant from every origin; write metrics, forecasts and pictures."""
    folder = results("imbalance", variant)
    prepared = read_input(read_prepared, imbalance_series())
    training = read_input(read_training, folder)
    history = read_input(read_history, folder).reset_index()
    places = read_input(trainings_of, folder)
    models = {
        seed: read_input(load_trained_forecaster, place / "model") for seed, place in places.items()
    }
    seed = stage_seed(params.seed, f"imbalance-evaluate@{variant}")

    with in_one_line(ValueError):
        backtests = {each: backtested(model, prepared) for each, model in models.items()}
        judged = {
            each: backtest.to_metrics(features.clock.day, seed=seed)
            for each, (features, backtest) in backtests.items()
        }
    by_seed = {each: {name: found[name] for name in HEADLINES} for each, found in judged.items()}
    features, backtest = backtests[training.seed]
    scores = {"test": judged[training.seed], "by_seed": by_seed}
    if len(models[training.seed].forecasters) > 1:
        scores["one_network"] = backtest.seed_metrics()
    rows = forecast_rows(
        features.times[backtest.origins], backtest.times, backtest.forecast, backtest.quantiles
    )

    with continued_run("imbalance", variant, training.seed, training.fingerprint) as run:

        def draw(draft: Path) -> None:
            draft.mkdir()
            for name, picture in pictures(variant, features, backtest, history):
                save_picture(picture, draft / f"{name}.png")

        told = {"test": by_seed[training.seed], **over_seeds(by_seed.values())}
        write_outputs(
            folder,
            {
                "plots": draw,
                "forecasts.parquet": lambda draft: write_forecasts(rows, backtest.truth, draft),
                "scores.json": json_writer(scores),
                "metrics.json": json_writer(told),
            },
        )
        if not run.has_training:
            record_training(run, variant)
        record_evaluation(run, variant)
    test = scores["test"]
    return (
        f"RMSE {test['rmse']:.1f} MW from {len(backtest.origins):,} origins, {test['skill']:.1%} "
        f"better than persistence → {relative(folder)}/metrics.json"
    )


def backtested(trained: TrainedForecaster, prepared: Prepared) -> tuple[Features, Backtest]:
    """Forecast from every origin of the test part."""
    features = trained.features(prepared.table)
    return features, run_backtest(trained, features, prepared.origins(features).test)


if __name__ == "__main__":
    run_variant("imbalance-evaluate", evaluate, lambda params: params.imbalance.variants)
