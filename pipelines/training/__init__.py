"""Training of torch models with early stopping and resumable checkpoints."""

from pipelines.training.batches import TensorBatches
from pipelines.training.epochs import DivergenceError
from pipelines.training.schedule import one_cycle
from pipelines.training.trainer import Device, Precision, TrainingResult, fit

__all__ = [
    "Device",
    "DivergenceError",
    "Precision",
    "TensorBatches",
    "TrainingResult",
    "fit",
    "one_cycle",
]
