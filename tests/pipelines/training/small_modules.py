"""Small modules to train, and their trainings."""

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from pipelines.training import TensorBatches, TrainingResult, fit


class Regression(LightningModule):
    """A small module with everything that must survive a kill: dropout, batch norm, a schedule."""

    def __init__(self, *, schedule: str = "step", act=lambda epoch: None) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1)
        )
        self.schedule = schedule
        self.act = act

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        features, targets = batch
        return nn.functional.mse_loss(self.network(features).squeeze(1), targets)

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        if batch_idx == 2:
            self.act(self.current_epoch + 1)
        loss = self.loss((batch[0] + 0.1 * torch.randn_like(batch[0]), batch[1]))
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        self.log("validation/loss", self.loss(batch))

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=0.02)
        steps = self.trainer.estimated_stepping_batches
        schedulers = torch.optim.lr_scheduler
        scheduler = {
            "step": lambda: schedulers.OneCycleLR(optimizer, 0.02, total_steps=steps),
            "epoch": lambda: schedulers.StepLR(optimizer, step_size=2, gamma=0.5),
            "plateau": lambda: schedulers.ReduceLROnPlateau(optimizer),
        }[self.schedule]()
        return {
            "optimizer": optimizer,
            "lr_scheduler": {
                "scheduler": scheduler,
                "interval": "step" if self.schedule == "step" else "epoch",
                "monitor": "validation/loss",
            },
        }


class Scripted(LightningModule):
    """A module of one weight, the epoch's number, whose validation scores are given."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.scores = scores

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        return -self.weight.sum()

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        self.log("validation/score", self.scores[self.current_epoch])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1.0)


def regression(**options) -> Regression:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Regression(**options)


def regression_batches() -> tuple[TensorBatches, TensorBatches]:
    features = torch.randn(150, 4, generator=torch.Generator().manual_seed(1))
    targets = features[:, 0] * features[:, 1] + features[:, 2]
    return (
        TensorBatches(features[:100], targets[:100], batch_size=16, shuffle=True),
        TensorBatches(features[100:], targets[100:], batch_size=50),
    )


def fit_regression(module: Regression, **options) -> TrainingResult:
    options = {"max_epochs": 6, "seed": 3, "device": "cpu"} | options
    return fit(module, *regression_batches(), **options)


def fit_scripted(scores: list[float], **options) -> tuple[Scripted, TrainingResult]:
    module = Scripted(scores)
    batches = TensorBatches(torch.zeros(1), batch_size=1)
    options = {"max_epochs": len(scores), "monitor": "validation/score"} | options
    return module, fit(module, batches, batches, seed=0, device="cpu", **options)


def weight_bytes(module: nn.Module) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in module.state_dict().values())
