"""What a training remembers from epoch to epoch, so that it can stop in time, and be resumed."""

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
    """A metric of a training stopped being a finite number."""


class Epochs(Checkpoint):
    """Follows a training from epoch to epoch: seeds, history, best weights, early stop, checkpoint.

    One object holds it all so that one checkpoint restores it all. (Lightning's own early stopping
    trains one epoch more when it is resumed after it has stopped.)
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
        """Return the state that a checkpoint keeps."""
        names = ("history", "best_epoch", "best_score", "best_weights")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what a checkpoint kept."""
        vars(self).update(state_dict)
        self.resumed = len(self.history)

    def on_fit_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Report the epochs that a checkpoint brought, and stop if they were enough."""
        if any(config.reduce_on_plateau for config in trainer.lr_scheduler_configs):
            raise ValueError(
                "module: ReduceLROnPlateau steps after the checkpoint is written, "
                "so a resumed training would differ; use another learning-rate scheduler"
            )
        for row in self.history:
            self._report(row)
        trainer.should_stop = self._patience_is_out

    def on_train_epoch_start(self, trainer: Trainer, module: LightningModule) -> None:
        """Seed everything that this epoch will draw."""
        entropy = np.random.SeedSequence((self.seed, trainer.current_epoch))
        order_seed, default_seed = entropy.generate_state(2, np.uint64).tolist()
        if self.training.generator is not None:
            self.training.generator.manual_seed(order_seed)
        torch.manual_seed(default_seed)

    def on_train_epoch_end(self, trainer: Trainer, module: LightningModule) -> None:
        """Record the epoch, write the checkpoint, and stop if patience is out."""
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
        trainer.should_stop = self._patience_is_out

    @property
    def _patience_is_out(self) -> bool:
        return self.patience is not None and len(self.history) - self.best_epoch >= self.patience

    def _report(self, row: Row) -> None:
        if self.on_epoch is not None:
            self.on_epoch(int(row["epoch"]), dict(row))
