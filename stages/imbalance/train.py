"""Stage `imbalance-train@variant`: train a forecaster and calibrate its intervals."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.imbalance.boosting import BoostingSettings, fit_boosting
from pipelines.imbalance.features import Features, fit_limits, make_features
from pipelines.imbalance.linear import fit_linear
from pipelines.imbalance.lstm_training import LSTMSettings, fit_highway, train_lstm
from pipelines.imbalance.prepared import Origins, read_prepared
from pipelines.imbalance.trained_forecaster import Forecaster, Rule, with_intervals
from pipelines.training import Device, DivergenceError
from stages.checkpoints import checkpoint_folder
from stages.command import in_one_line, read_input, relative, run_variant
from stages.imbalance import served_forecaster
from stages.imbalance.histories import LOSSES, joined
from stages.imbalance.params import LSTM, GradientBoosting, Ridge, Variant
from stages.layout import imbalance_series, results
from stages.outputs import fingerprint, whole, write_json
from stages.params import Params
from stages.run import Run
from stages.seed import stage_seed
from stages.tracking import new_run


def train(params: Params, variant: str) -> str:
    """Train the variant; write its model, its history and what its run is found by."""
    settings = params.imbalance.variants[variant]
    data_folder = imbalance_series()
    prepared = read_input(read_prepared, data_folder)
    stage = f"imbalance-train@{variant}"
    seed = stage_seed(params.seed, stage)
    key = fingerprint({"seed": seed, **settings.model_dump()}, [data_folder])
    checkpoints = checkpoint_folder(f"imbalance-train-{variant}", key, params.device)
    folder = results("imbalance", variant)

    with new_run("imbalance", variant, params.seed, key) as run:
        run.log_parameters(
            {
                **settings.model_dump(),
                "source": params.imbalance.source,
                "resolution": params.imbalance.resolution,
            }
        )
        known = prepared.training_rows
        plans = known.drop(columns="y").to_numpy()
        run.log_data(params.imbalance.source, data_folder, plans, known["y"].to_numpy())
        with in_one_line(ValueError, DivergenceError):
            limits = fit_limits(known["y"].to_numpy())
            altered = getattr(settings, "target", "y") == "altered"
            features = make_features(prepared.table, limits, altered=altered)
            origins = prepared.origins(features)
            match settings:
                case LSTM():
                    forecasters, history = networks(
                        *(features, origins, settings, seed, params.device, checkpoints, run)
                    )
                case _:
                    forecasters = [fitted(features, origins.training, settings, seed)]
                    history = joined([])
            trained = with_intervals(
                settings.kind, forecasters, limits, features, origins.validation
            )
        with whole(folder / "model") as draft:
            draft.mkdir()
            trained.save(draft)
        with whole(folder / "history.csv") as draft:
            history.to_csv(draft, index=False)
        write_json(folder / "run.json", {"fingerprint": key})
        run.log_metrics({"validation/rmse": trained.validation_rmse})
        run.log_model(
            Path(served_forecaster.__file__),
            folder / "model",
            served_forecaster.signature(),
            served_forecaster.example(known),
            requirements=served_forecaster.REQUIREMENTS,
        )
        run.mark_as_trained()
    shutil.rmtree(checkpoints, ignore_errors=True)
    return f"validation RMSE {trained.validation_rmse:.1f} MW → {relative(folder)}/model"


def fitted(features: Features, training: np.ndarray, settings: Variant, seed: int) -> Forecaster:
    """Fit a forecaster that is not trained epoch by epoch."""
    match settings:
        case Ridge():
            return fit_linear(features, training, penalty=settings.penalty)
        case GradientBoosting():
            chosen = settings.model_dump(exclude={"kind", "target"})
            return fit_boosting(features, training, BoostingSettings(**chosen), seed=seed)
        case _:
            return Rule(settings.kind)


def networks(
    features: Features,
    origins: Origins,
    settings: LSTM,
    seed: int,
    device: Device,
    checkpoints: Path,
    run: Run,
) -> tuple[list[Forecaster], pd.DataFrame]:
    """Train a network from each seed, and tell how each training went."""
    trained: list[Forecaster] = []
    histories = []
    chosen = settings_of(settings)
    highway = fit_highway(features, origins.training, chosen)
    for number in range(1, settings.seeds + 1):
        forecaster, training = train_lstm(
            features,
            origins.training,
            origins.validation,
            chosen,
            seed=stage_seed(seed, f"network {number}"),
            device=device,
            checkpoint_folder=checkpoints / str(number),
            on_epoch=named(run.log_epoch, number),
            highway=highway,
        )
        trained.append(forecaster)
        histories.append(pd.DataFrame(training.history))
    history = joined(histories)
    for epoch, *losses in history[["epoch", *LOSSES]].dropna().itertuples(index=False):
        run.log_epoch(int(epoch), dict(zip(LOSSES, losses, strict=True)))
    return trained, history


def named(
    log_epoch: Callable[[int, dict[str, float]], None], number: int
) -> Callable[[int, dict[str, float]], None]:
    """Log the epochs of one network under names of its own."""

    def log(epoch: int, metrics: dict[str, float]) -> None:
        log_epoch(epoch, {f"network_{number}/{name}": value for name, value in metrics.items()})

    return log


def settings_of(settings: LSTM) -> LSTMSettings:
    """Hand the parameters over to the pipeline."""
    return LSTMSettings(
        hidden=settings.hidden,
        dropout=settings.dropout,
        penalty=settings.penalty,
        windows=settings.windows,
        max_epochs=settings.epochs,
        patience=settings.early_stopping,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
    )


if __name__ == "__main__":
    run_variant("imbalance-train", train, lambda params: params.imbalance.variants)
