"""Training of a Lightning module: the loop that all torch models share."""

import logging
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, RichProgressBar

from pipelines.training.batches import TensorBatches
from pipelines.training.checkpoints import AtomicCheckpointIO, resumable
from pipelines.training.epochs import Epochs, Row

__all__ = ["Device", "Precision", "TrainingResult", "fit"]

CHECKPOINT_NAME = "last.ckpt"

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of a training run.

    Attributes:
        history: One row per epoch: "epoch" (from 1), "learning_rate" at its end, and the metrics
            that the module logged.
        best_epoch: The epoch whose weights were restored.
        best_score: The monitored metric in that epoch.
        stopped_early: Whether patience ran out before `max_epochs`.
        resumed_epochs: Number of epochs restored from a checkpoint.
    """

    history: list[Row]
    best_epoch: int
    best_score: float
    stopped_early: bool
    resumed_epochs: int


def fit(
    module: LightningModule,
    training: TensorBatches,
    validation: TensorBatches,
    *,
    max_epochs: int,
    seed: int,
    patience: int | None = None,
    monitor: str = "validation/loss",
    mode: Literal["min", "max"] = "min",
    device: Device = "auto",
    precision: Precision = "32-true",
    checkpoint_folder: Path | None = None,
    on_epoch: Callable[[int, Row], None] | None = None,
) -> TrainingResult:
    """Train a module, restore the weights of its best epoch, and set it to evaluation mode.

    Each epoch seeds its shuffling and torch's default generators from `seed` and the number of the
    epoch. A run that was killed and is started again with the same `checkpoint_folder` therefore
    gives bitwise the same weights as an uninterrupted run, on the same CPU. The state of the
    caller's generators does not change.

    A progress bar is shown on a terminal only. The caller's signal handlers stay active, and Ctrl-C
    raises KeyboardInterrupt.

    Args:
        module: The module to train. It logs the monitored metric; see `LightningModule.log`.
        training: The training batches.
        validation: The batches to validate on after each epoch.
        max_epochs: Maximum number of epochs, including those restored from a checkpoint.
        seed: Seed of the training run, at least 0.
        patience: Number of epochs without a new best after which training stops. None disables
            early stopping.
        monitor: The metric that determines the best epoch.
        mode: Whether the lowest ("min") or the highest ("max") metric is the best.
        device: The device; "auto" takes an accelerator if one is available.
        precision: The precision, named as in Lightning.
        checkpoint_folder: Folder of the checkpoint, which is written after every epoch. Training
            resumes from a checkpoint there. Use one folder per run. None writes no checkpoint.
        on_epoch: Function called with the number and the row of each epoch, including restored
            epochs.

    Returns:
        The history and the best epoch.

    Raises:
        ValueError: If an argument is out of range or the device is not available.
        DivergenceError: If a metric becomes infinite or NaN. The message names the epoch, and the
            checkpoint of the previous epoch remains.
    """
    for name, value, minimum in [("max_epochs", max_epochs, 1), ("seed", seed, 0)]:
        if value < minimum:
            raise ValueError(f"{name}: {value}, at least {minimum} expected")
    if patience is not None and patience < 1:
        raise ValueError(f"patience: {patience}, at least 1 or None expected")
    _check_device(device)

    path = None
    if checkpoint_folder is not None:
        checkpoint_folder.mkdir(parents=True, exist_ok=True)
        path = checkpoint_folder / CHECKPOINT_NAME
    epochs = Epochs(training, seed, monitor, mode, patience, path, on_epoch)
    callbacks = [epochs, _RestoreSigterm()]
    on_terminal = sys.stdout.isatty()
    if on_terminal:
        callbacks.append(RichProgressBar(leave=False))
    with _quiet_lightning(), torch.random.fork_rng(range(torch.cuda.device_count())):
        trainer = Trainer(
            accelerator=device,
            devices=1,
            precision=precision,
            max_epochs=max_epochs,
            callbacks=callbacks,
            plugins=[AtomicCheckpointIO()],
            logger=False,
            num_sanity_val_steps=0,
            enable_progress_bar=on_terminal,
            enable_model_summary=False,
        )
        with _keyboard_interrupts():
            trainer.fit(
                module.train(),
                training,
                validation,
                ckpt_path=path if path is not None and resumable(path, module) else None,
            )
    module.load_state_dict(epochs.best_weights)
    module.eval()
    return TrainingResult(
        history=epochs.history,
        best_epoch=epochs.best_epoch,
        best_score=epochs.best_score,
        stopped_early=len(epochs.history) < max_epochs,
        resumed_epochs=epochs.resumed,
    )


def _check_device(device: Device) -> None:
    available = {
        "auto": True,
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not available.get(device, False):
        accepted = ", ".join(name for name, usable in available.items() if usable)
        raise ValueError(f"device: {device!r}, on this machine one of {accepted} expected")


class _RestoreSigterm(Callback):
    """Callback that restores the caller's SIGTERM handler, which Lightning replaces.

    Lightning's handler finishes the batch and then exits with status 0.
    """

    def __init__(self) -> None:
        self.handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.handler)


@contextmanager
def _keyboard_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C, also inside of Lightning."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    sigint = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as exit_:
        # Lightning turns KeyboardInterrupt into SystemExit(1) and may leave SIGINT ignored
        if isinstance(exit_.__context__, KeyboardInterrupt):
            raise exit_.__context__ from None
        raise
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, sigint)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silence Lightning's messages about devices, tips and data loaders."""
    loggers = [logging.getLogger(f"lightning.{name}") for name in ("pytorch", "fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\.")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
