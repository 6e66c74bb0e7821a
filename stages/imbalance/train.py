"""Stage `imbalance-train@variant`: train a forecaster and calibrate its intervals."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.imbalance.boosting import BoostingSettings, fit_boosting
from pipelines.imbalance.features import Features, fit_limits, make_features
from pipelines.imbalance.linear import fit_linear
from pipelines.imbalance.prepared import Origins, read_prepared
from pipelines.imbalance.trained_forecaster import (
    Forecaster,
    Rule,
    TrainedForecaster,
    with_intervals,
)
from stages.checkpoints import checkpoint_folder
from stages.command import in_one_line, read_input, relative, run_variant
from stages.imbalance.histories import joined
from stages.imbalance.params import LSTM, GradientBoosting, Ridge, Variant
from stages.imbalance.record import record_training
from stages.layout import imbalance_series, results
from stages.outputs import fingerprint, write_outputs
from stages.params import Params
from stages.seed import stage_seed
from stages.tracking import new_run
from stages.training import Data, OnEpoch, Training, ignored, train_from, training_outputs

if TYPE_CHECKING:
    from pipelines.imbalance.lstm_training import LSTMSettings
    from pipelines.training import Device


def train(params: Params, variant: str) -> str:
    """Train the variant from each of its seeds; write models, histories and what made them."""
    settings = params.imbalance.variants[variant]
    data_folder = imbalance_series()
    prepared = read_input(read_prepared, data_folder)
    known = prepared.training_rows
    data = Data.of(params.imbalance.source, data_folder, known.drop(columns="y").to_numpy())
    chosen = settings.settings()
    shown = {
        **chosen,
        "source": params.imbalance.source,
        "resolution": params.imbalance.resolution,
    }
    seeds = settings.all_seeds(params.seed)
    key = fingerprint({"seeds": seeds, **chosen}, [data_folder])
    checkpoints = checkpoint_folder(f"imbalance-train-{variant}", key, params.device)
    folder = results("imbalance", variant)

    with new_run("imbalance", variant, seeds[0], key) as run:
        run.log_parameters(shown)
        run.log_data(data)
        with in_one_line(ValueError):
            limits = fit_limits(known["y"].to_numpy())
            altered = getattr(settings, "target", "y") == "altered"
            features = make_features(prepared.table, limits, altered=altered)
            origins = prepared.origins(features)

        def train_once(seed: int, place: Path) -> TrainedForecaster:
            own = place == folder
            derived = stage_seed(seed, f"imbalance-train@{variant}")
            with in_one_line(ValueError, ArithmeticError):
                match settings:
                    case LSTM():
                        forecasters, history = networks(
                            *(features, origins, settings, derived, params.device),
                            checkpoints / str(seed),
                            run.log_epoch if own else ignored,
                        )
                    case _:
                        forecasters = [fitted(features, origins.training, settings, derived)]
                        history = joined([])
                trained = with_intervals(
                    settings.kind, forecasters, limits, features, origins.validation
                )
            alone = fingerprint({"seeds": [seed], **chosen}, [data_folder])
            metrics = {"validation/rmse": trained.validation_rmse}
            made = Training(key if own else alone, seed, shown, data, metrics)
            write_outputs(place, training_outputs(made, history, trained.save))
            return trained

        trained = train_from(seeds, folder, train_once)
        record_training(run, variant)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return f"validation RMSE {trained.validation_rmse:.1f} MW → {relative(folder)}/model"


def fitted(features: Features, training: np.ndarray, settings: Variant, seed: int) -> Forecaster:
    """Fit a forecaster that is not trained epoch by epoch."""
    match settings:
        case Ridge():
            return fit_linear(features, training, penalty=settings.penalty)
        case GradientBoosting():
            chosen = settings.model_dump(exclude={"kind", "target", "seeds"})
            return fit_boosting(features, training, BoostingSettings(**chosen), seed=seed)
        case _:
            return Rule(settings.kind)


def networks(
    features: Features,
    origins: Origins,
    settings: LSTM,
    seed: int,
    device: "Device",
    checkpoints: Path,
    log_epoch: OnEpoch,
) -> tuple[list[Forecaster], pd.DataFrame]:
    """Train the networks whose mean is the forecast, and tell how each training went."""
    # torch and lightning take longer to import than the other kinds take to train
    from pipelines.imbalance.lstm_training import fit_highway, train_lstm

    trained: list[Forecaster] = []
    histories = []
    chosen = settings_of(settings)
    highway = fit_highway(features, origins.training, chosen)
    for number in range(1, settings.networks + 1):
        forecaster, training = train_lstm(
            features,
            origins.training,
            origins.validation,
            chosen,
            seed=stage_seed(seed, f"network {number}"),
            device=device,
            checkpoint_folder=checkpoints / str(number),
            on_epoch=named(log_epoch, number),
            highway=highway,
        )
        trained.append(forecaster)
        histories.append(pd.DataFrame(training.history))
    return trained, joined(histories)


def named(log_epoch: OnEpoch, number: int) -> OnEpoch:
    """Log the epochs of one network under names of its own."""

    def log(epoch: int, metrics: dict[str, float]) -> None:
        log_epoch(epoch, {f"network_{number}/{name}": value for name, value in metrics.items()})

    return log


def settings_of(settings: LSTM) -> "LSTMSettings":
    """Hand the parameters over to the pipeline."""
    from pipelines.imbalance.lstm_training import LSTMSettings

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
