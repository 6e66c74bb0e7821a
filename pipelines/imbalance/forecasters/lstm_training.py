"""How an LSTM is trained: free-running over the horizon, by the squared error of every step."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from numpy.typing import NDArray
from torch import Tensor

from pipelines.imbalance.features.features import Features
from pipelines.imbalance.features.scaling import Rows, Scales, fit_scales, make_rows
from pipelines.imbalance.features.windows import draw_origins, quietness
from pipelines.imbalance.forecasters.lstm import ImbalanceLSTM
from pipelines.imbalance.forecasters.lstm_forecaster import LSTMForecaster
from pipelines.imbalance.forecasters.ridge import RidgeForecaster, fit_ridge
from pipelines.imbalance.forecasters.settings import LSTMSettings
from pipelines.training import Device, TensorBatches, TrainingResult, fit, one_cycle

__all__ = ["fit_highway", "train_lstm"]

VALIDATION_BATCH_SIZE = 4096  # it decides memory and speed alone


class _LSTMTraining(LightningModule):
    """How an LSTM learns: its own forecasts as inputs, AdamW, one cycle of learning rate."""

    def __init__(self, network: ImbalanceLSTM, rows: Rows, settings: LSTMSettings) -> None:
        super().__init__()
        self.network = network
        self.rows = rows
        self.settings = settings

    def on_fit_start(self) -> None:
        self.rows = self.rows.to(self.device)

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        return self._loss("train", *batch)

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        self._loss("validation", *batch)

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
        )
        return one_cycle(self, optimizer)

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        # a window across an outage would otherwise outweigh all others of its batch
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)

    def _loss(
        self, split: str, origins: Tensor, highway: Tensor, movement: Tensor, weights: Tensor
    ) -> Tensor:
        errors = self.network(self.rows, origins, highway) - movement
        loss = (errors.square().mean(dim=1) * weights).mean()
        self.log(
            f"{split}/loss",
            loss,
            on_step=False,
            on_epoch=True,
            prog_bar=True,
            batch_size=len(origins),
        )
        return loss


def train_lstm(
    features: Features,
    training: NDArray[np.int64],
    validation: NDArray[np.int64],
    settings: LSTMSettings,
    *,
    seed: int,
    device: Device = "auto",
    checkpoint_folder: Path | None = None,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
    highway: RidgeForecaster | None = None,
) -> tuple[LSTMForecaster, TrainingResult]:
    """Train an LSTM beside its highway.

    Losses are squared errors of the imbalance within the limits, in units of the target's variance.
    In training, quiet days count more; see `windows.quietness`.

    Args:
        features: Of the table; residual or not, that is what is learned.
        training: Origins of the training split.
        validation: Origins of the validation split, which tell the best epoch and nothing else.
        settings: What and how to learn.
        seed: Decides the first weights, the windows and every random draw of training.
        device: See `pipelines.training.fit`, as for the two that follow.
        checkpoint_folder: Where to keep, and to look for, the last epoch's state.
        on_epoch: Called with the number and the metrics of each epoch.
        highway: What `fit_highway` returned, which no seed changes; None fits it.

    Returns:
        The forecaster of the epoch with the lowest validation loss, and the history.

    Raises:
        ValueError: If an argument is out of range, or a split has no origin.
        DivergenceError: If the loss becomes infinite or NaN.
    """
    scales = fit_scales(features, training)
    highway = highway or fit_highway(features, training, settings)
    drawn, validated = (
        draw_origins(origins, settings.windows, seed) for origins in (training, validation)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ImbalanceLSTM(features.clock.minutes, settings.hidden_dim, settings.dropout)
    result = fit(
        _LSTMTraining(network, make_rows(features, scales), settings),
        TensorBatches(
            *_examples(features, drawn, highway, scales, quietness(features, drawn)),
            batch_size=settings.batch_size,
            shuffle=True,
        ),
        TensorBatches(
            *_examples(features, validated, highway, scales, np.ones(len(validated))),
            batch_size=VALIDATION_BATCH_SIZE,
        ),
        max_epochs=settings.epochs,
        patience=settings.patience,
        seed=seed,
        device=device,
        checkpoint_folder=checkpoint_folder,
        on_epoch=on_epoch,
    )
    return LSTMForecaster(network, highway, scales), result


def fit_highway(
    features: Features, training: NDArray[np.int64], settings: LSTMSettings
) -> RidgeForecaster:
    """Fit the linear highway that networks are trained beside.

    Args:
        features: Of the table.
        training: Origins of the training split.
        settings: Of which the penalty counts.

    Raises:
        ValueError: If there is no origin.
    """
    return fit_ridge(features, training, alpha=settings.ridge_alpha, with_interactions=True)


def _examples(
    features: Features,
    origins: NDArray[np.int64],
    highway: RidgeForecaster,
    scales: Scales,
    weights: NDArray[np.float64],
) -> tuple[Tensor, ...]:
    """Return origins, forecasts of the highway, targets in units of the scale, and weights."""
    linear = highway.movement(features, origins) / scales.target
    movement = features.movement(origins) / scales.target
    return (
        torch.from_numpy(origins),
        *(torch.from_numpy(array.astype(np.float32)) for array in (linear, movement, weights)),
    )
