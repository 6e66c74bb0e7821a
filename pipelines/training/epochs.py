"""The state of a training run between epochs, for early stopping and resuming."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor

from pipelines.training.batches import TensorBatches

__all__ = ["DivergenceError", "Epochs", "Row"]

Row = dict[str, float]


class DivergenceError(ArithmeticError):
    """Training produced a metric that is infinite or NaN."""


class Epochs(Checkpoint):
    """Callback for seeds, history, best weights, early stopping and checkpoints.

    A single object holds this state, so a single checkpoint restores it. Lightning's own early
    stopping trains one epoch too many when it resumes a run that had already stopped.
    """

    def __init__(
        self,
        training: TensorBatches,
        seed: int,
        monitor: str,
        mode: Literal["min", "max"],
        patience: int | None,
        path: Path | None,
        on_epoch: Callable[[int, Row], None] | None,
    ) -> None:
        self.training = training
        self.seed = seed
        self.monitor = monitor
        self.mode = mode
        self.patience = patience
        self.path = path
        self.on_epoch = on_epoch
        self.history: list[Row] = []
        self.resumed = 0
        self.best_epoch = 0
        self.best_score = math.inf if mode == "min" else -math.inf
        self.best_weights: dict[str, Tensor] = {}

    def state_dict(self) -> dict[str, Any]:
        """Return the state to store in a checkpoint."""
        names = ("history", "best_epoch", "best_score", "best_weights")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        vars(self).update(state_dict)
        self.resumed = len(self.history)

    def on_fit_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Report the epochs restored from a checkpoint, and stop if patience has run out."""
        if any(config.reduce_on_plateau for config in trainer.lr_scheduler_configs):
            raise ValueError(
                "module: ReduceLROnPlateau steps after the checkpoint is written, "
                "so a resumed run would differ; use another learning-rate scheduler"
            )
        for row in self.history:
            self._report(row)
        trainer.should_stop = self._patience_has_run_out

    def on_train_epoch_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Seed the shuffling and torch's default generators for this epoch."""
        entropy = np.random.SeedSequence((self.seed, trainer.current_epoch))
        order_seed, default_seed = entropy.generate_state(2, np.uint64).tolist()
        if self.training.generator is not None:
            self.training.generator.manual_seed(order_seed)
        torch.manual_seed(default_seed)

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Record the epoch, write the checkpoint, and stop if patience has run out."""
        row = {
            "epoch": trainer.current_epoch + 1,
            "learning_rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
            **{name: float(value) for name, value in sorted(trainer.callback_metrics.items())},
        }
        if self.monitor not in row:
            raise ValueError(f"monitor: {self.monitor!r}, one of {', '.join(row)} expected")
        for name, value in row.items():
            if not math.isfinite(value):
                raise DivergenceError(f"training diverged in epoch {row['epoch']}: {name} {value}")
        self.history.append(row)
        score = row[self.monitor]
        if score < self.best_score if self.mode == "min" else score > self.best_score:
            self.best_epoch, self.best_score = row["epoch"], score
            self.best_weights = {
                name: tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()
            }
        if self.path is not None:
            trainer.save_checkpoint(self.path)
        self._report(row)
        trainer.should_stop = self._patience_has_run_out

    @property
    def _patience_has_run_out(self) -> bool:
        return self.patience is not None and len(self.history) - self.best_epoch >= self.patience

    def _report(self, row: Row) -> None:
        if self.on_epoch is not None:
            self.on_epoch(int(row["epoch"]), dict(row))
