"""Training of a Lightning module, put together once for every torch model of the project."""

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
    """What became of a training.

    Attributes:
        history: One row for each epoch: "epoch" (from 1), "learning_rate" at its end, and what the
            module logged.
        best_epoch: The epoch whose weights the module holds now.
        best_score: The monitored metric in that epoch.
        stopped_early: Whether patience ran out before `max_epochs`.
        resumed_epochs: How many of the epochs were taken over from a checkpoint.
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
    """Train a module, load the weights of its best epoch, and put it in evaluation mode.

    Every epoch begins by seeding its order of the training rows, and torch's default generators
    (for dropout, augmentation, sampling), from `seed` and its own number. So a training that is
    killed and started again with the same `checkpoint_folder` ends, on the same CPU, bit for bit
    where it would have ended undisturbed. The caller's generators are left as they were.

    On a terminal a progress bar is shown, elsewhere nothing. Signals go to the handlers that the
    caller installed, and Ctrl-C raises KeyboardInterrupt.

    Args:
        module: Logs the monitored metric; see `LightningModule.log`.
        training: The batches to learn from.
        validation: The batches to validate with after each epoch.
        max_epochs: Epochs to train at most, counted from the very first.
        seed: Not negative.
        patience: Stop after so many epochs without a new best; None never stops early.
        monitor: The metric that tells the best epoch.
        mode: Whether the best is the smallest or the largest.
        device: "auto" takes an accelerator where there is one.
        precision: As Lightning names it.
        checkpoint_folder: Where a checkpoint is kept after every epoch, and looked for at first;
            it must belong to this training alone. None keeps no checkpoint.
        on_epoch: Called with the number and the row of each epoch, resumed ones included.

    Returns:
        The history and the best epoch.

    Raises:
        ValueError: If an argument is out of range or the device is not there.
        DivergenceError: Naming the epoch in which a metric became infinite or NaN. The checkpoint
            of the epoch before it is kept.
    """
    for name, value, least in [("max_epochs", max_epochs, 1), ("seed", seed, 0)]:
        if value < least:
            raise ValueError(f"{name}: {value}, at least {least} expected")
    if patience is not None and patience < 1:
        raise ValueError(f"patience: {patience}, at least 1 or None expected")
    _check_device(device)

    path = None
    if checkpoint_folder is not None:
        checkpoint_folder.mkdir(parents=True, exist_ok=True)
        path = checkpoint_folder / CHECKPOINT_NAME
    epochs = Epochs(training, seed, monitor, mode, patience, path, on_epoch)
    callbacks = [epochs, _CallersSigterm()]
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
        with _ctrl_c():
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
        accepted = ", ".join(name for name, there in available.items() if there)
        raise ValueError(f"device: {device!r}, on this machine one of {accepted} expected")


class _CallersSigterm(Callback):
    """Puts back the caller's handler of SIGTERM, which Lightning replaces before a training.

    Lightning's own would let the batch end first, and then exit with status 0.
    """

    def __init__(self) -> None:
        self.handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.handler)


@contextmanager
def _ctrl_c() -> Iterator[None]:
    """Let Ctrl-C come out of Lightning as KeyboardInterrupt."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    sigint = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as exit_:
        # Lightning makes SystemExit(1) of KeyboardInterrupt and may leave SIGINT ignored
        if isinstance(exit_.__context__, KeyboardInterrupt):
            raise exit_.__context__ from None
        raise
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, sigint)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silence what Lightning prints about devices, tips and data loaders."""
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
