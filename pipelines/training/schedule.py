"""The learning-rate schedule of all torch models."""

from typing import Any

from lightning.pytorch import LightningModule
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR

__all__ = ["one_cycle"]


def one_cycle(module: LightningModule, optimizer: Optimizer) -> dict[str, Any]:
    """Return an optimizer with a one-cycle learning-rate schedule over all training steps.

    Args:
        module: The module to train.
        optimizer: The optimizer. Its learning rate becomes the peak of the cycle.

    Returns:
        The configuration to return from `LightningModule.configure_optimizers`.
    """
    scheduler = OneCycleLR(
        optimizer,
        max_lr=optimizer.defaults["lr"],
        total_steps=int(module.trainer.estimated_stepping_batches),
        cycle_momentum=False,
    )
    return {
        "optimizer": optimizer,
        "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
    }
