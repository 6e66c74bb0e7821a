"""The learning-rate schedule of every torch model of the project."""

from typing import Any

from lightning.pytorch import LightningModule
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR

__all__ = ["one_cycle"]


def one_cycle(module: LightningModule, optimizer: Optimizer) -> dict[str, Any]:
    """Return an optimizer with one cycle of its learning rate over the whole training.

    Args:
        module: The module that is trained.
        optimizer: Its learning rate becomes the peak of the cycle.

    Returns:
        What `LightningModule.configure_optimizers` returns.
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
