"""Training of an LSTM on its own rollout, with the squared error of all steps as loss."""

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
from pipelines.imbalance.features.windows import draw_origins, volatility_weights
from pipelines.imbalance.forecasters.lstm import ImbalanceLSTM
from pipelines.imbalance.forecasters.lstm_forecaster import LSTMForecaster
from pipelines.imbalance.forecasters.ridge import RidgeForecaster, fit_ridge
from pipelines.imbalance.forecasters.settings import LSTMSettings
from pipelines.training import Device, TensorBatches, TrainingResult, fit, one_cycle

__all__ = ["fit_highway", "train_lstm"]

VALIDATION_BATCH_SIZE = 4096  # affects only memory and speed


class _LSTMTraining(LightningModule):
    """Training of an LSTM with AdamW and a one-cycle learning-rate schedule."""

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
        # otherwise a window with an outage would dominate the gradient of its batch
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
    """Train an LSTM together with its highway.

    The loss is the squared error of the clipped imbalance in units of the target's variance. In
    training, quiet days have larger weights; see `windows.volatility_weights`.

    Args:
        features: Features of the table; their target is what the network forecasts.
        training: Origins of the training split.
        validation: Origins of the validation split, which are used only to select the best epoch.
        settings: Hyperparameters.
        seed: Seed of the initial weights, the drawn windows and the training.
        device: Device; see `pipelines.training.fit`.
        checkpoint_folder: Folder of the checkpoint; see `pipelines.training.fit`.
        on_epoch: Function called with the number and the metrics of each epoch.
        highway: The result of `fit_highway`, which does not depend on the seed. None fits it.

    Returns:
        The forecaster with the weights of the best epoch, and the result of the training.

    Raises:
        ValueError: If an argument is out of range, or a split has no origin.
        DivergenceError: If the loss becomes infinite or NaN.
    """
    scales = fit_scales(features, training)
    highway = highway or fit_highway(features, training, settings)
    train_origins, validation_origins = (
        draw_origins(origins, settings.windows, seed) for origins in (training, validation)
    )
    train_weights = volatility_weights(features, train_origins)
    validation_weights = np.ones(len(validation_origins))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ImbalanceLSTM(features.clock.minutes, settings.hidden_dim, settings.dropout)
    result = fit(
        _LSTMTraining(network, make_rows(features, scales), settings),
        TensorBatches(
            *_examples(features, train_origins, highway, scales, train_weights),
            batch_size=settings.batch_size,
            shuffle=True,
        ),
        TensorBatches(
            *_examples(features, validation_origins, highway, scales, validation_weights),
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
    """Fit the linear highway of the networks.

    Args:
        features: Features of the table.
        training: Origins of the training split.
        settings: Hyperparameters, of which only `ridge_alpha` is used.

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
    """Return origins, highway forecasts and targets (in units of the scale), and weights."""
    linear = highway.movement(features, origins) / scales.target
    movement = features.movement(origins) / scales.target
    return (
        torch.from_numpy(origins),
        *(torch.from_numpy(array.astype(np.float32)) for array in (linear, movement, weights)),
    )
