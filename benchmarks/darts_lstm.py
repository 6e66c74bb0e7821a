"""An LSTM of darts that forecasts the imbalance, for `benchmarks.imbalance`.

It is darts' RNNModel: in training it reads the true value of each previous row, and in a forecast
its own previous output.
"""

import logging
import tempfile
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.features.features import Features, make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import Origins, split_origins
from pipelines.imbalance.forecasters.settings import LSTMSettings

ORIGINS_AT_ONCE = 4096  # as in this project's forecast

Floats = NDArray[np.float64]
Backtests = dict[str, Callable[[], Floats]]


def darts_lstm(
    prepared: Prepared,
    settings: LSTMSettings,
    seed: int,
    *,
    changes: bool,
    batch_size: int,
    learning_rate: float,
) -> Backtests:
    """Train an LSTM of darts and return its backtests.

    Args:
        prepared: The series.
        settings: Of this project's network; darts gets the common ones.
        seed: Of darts' random draws.
        changes: Whether the target is the change of the imbalance from row to row.
        batch_size: Windows in a step.
        learning_rate: Peak of the one cycle.
    """
    from darts import TimeSeries
    from darts.models import RNNModel
    from darts.utils.data import SequentialTorchInferenceDataset

    logging.disable(logging.INFO)
    warnings.filterwarnings("ignore")
    features, origins = read(prepared, residual=False)
    start = origins.training[0]
    target, covariates = (changed if changes else levels)(prepared.table, features)
    target, covariates = target[start:], covariates[start:]
    validation = int((features.times[start:] < prepared.validation_start).sum())
    test = int((features.times[start:] < prepared.test_start).sum())
    middle, scale = target[:validation].mean(), target[:validation].std()
    spread = covariates[:validation].std(axis=0)
    series, known = (
        TimeSeries.from_times_and_values(features.times[start:], values.astype(np.float32))
        for values in (
            (target - middle) / scale,
            (covariates - covariates[:validation].mean(axis=0)) / np.where(spread > 0, spread, 1),
        )
    )

    horizon = history = features.clock.horizon
    stride = max(1, (validation - history - horizon) // settings.windows)
    windows = (validation - history - horizon) // stride
    steps = settings.epochs * -(-windows // batch_size)
    with tempfile.TemporaryDirectory() as folder:
        model = RNNModel(
            input_chunk_length=history,
            training_length=history + horizon,
            model="LSTM",
            hidden_dim=settings.hidden_dim,
            n_epochs=settings.epochs,
            batch_size=batch_size,
            optimizer_cls=torch.optim.AdamW,
            optimizer_kwargs={"lr": learning_rate, "weight_decay": settings.weight_decay},
            lr_scheduler_cls=torch.optim.lr_scheduler.OneCycleLR,
            lr_scheduler_kwargs={
                "max_lr": learning_rate,
                "total_steps": steps + settings.epochs,
                "cycle_momentum": False,
                "interval": "step",
            },
            random_state=seed,
            work_dir=folder,
            save_checkpoints=True,
            pl_trainer_kwargs={
                "accelerator": "cpu",
                "gradient_clip_val": 1.0,
                "enable_progress_bar": False,
                "enable_model_summary": False,
            },
        )
        model.fit(
            series[:validation],
            future_covariates=known,
            val_series=series[validation - history - horizon : test],
            val_future_covariates=known,
            stride=stride,
            load_best=True,
        )
    first = int(origins.test[0] + 1 - start)
    ahead = {"batch_size": ORIGINS_AT_ONCE}

    def historical_forecasts() -> Floats:
        forecasts = model.historical_forecasts(
            series,
            future_covariates=known,
            forecast_horizon=horizon,
            start=series.time_index[first],
            retrain=False,
            last_points_only=False,
            predict_kwargs=ahead,
        )
        return in_megawatts(np.stack([each.values(copy=False)[:, 0] for each in forecasts]))

    def predict_from_dataset() -> Floats:
        windows = SequentialTorchInferenceDataset(
            series,
            future_covariates=known,
            n=horizon,
            stride=1,
            bounds=np.array([[first, len(series) - horizon]]),
            input_chunk_length=history,
        )
        values, *_ = model.predict_from_dataset(horizon, windows, values_only=True, **ahead)
        return in_megawatts(values[:, :, 0, 0])

    def in_megawatts(forecast: NDArray[np.float32]) -> Floats:
        unscaled = forecast * scale + middle
        if changes:
            return features.limited[origins.test, None] + unscaled.cumsum(axis=1)
        return unscaled

    ways = (historical_forecasts, predict_from_dataset)
    return {way.__name__: way for way in ways}


def levels(table: pd.DataFrame, features: Features) -> tuple[Floats, Floats]:
    """Return the clipped imbalance and the covariates of every row, [rows, columns]."""
    plans = table.drop(columns="y").to_numpy()
    return features.limited, np.column_stack([plans, structural(features), clock(features)])


def changed(table: pd.DataFrame, features: Features) -> tuple[Floats, Floats]:
    """Return the changes of the imbalance and of the covariates from row to row."""
    columns = np.column_stack([features.changes, structural(features)])
    moves = np.diff(columns, axis=0, prepend=np.nan)
    return np.diff(features.limited, prepend=np.nan), np.column_stack([moves, clock(features)])


def structural(features: Features) -> Floats:
    """Return the structural imbalance of every row as known two hours before, MW."""
    horizon = features.clock.horizon
    return np.concatenate([np.full(horizon, np.nan), features.structural[:, horizon]])


def clock(features: Features) -> Floats:
    """Return the calendar and the minute of the hour of every row."""
    turn = 2 * np.pi * features.times.minute.to_numpy() / 60
    return np.column_stack([features.calendar, np.sin(turn), np.cos(turn)])


def read(prepared: Prepared, *, residual: bool) -> tuple[Features, Origins]:
    """Return the features of the series and the origins of its splits."""
    limits = fit_limits(prepared.training_rows["y"].to_numpy())
    features = make_features(prepared.table, limits, residual=residual)
    return features, split_origins(prepared, features)
