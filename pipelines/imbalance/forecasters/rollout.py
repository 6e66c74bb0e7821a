"""The rollout: what a forecaster sees of the target while its own forecasts take over from it."""

import torch
from torch import Tensor

from pipelines.imbalance.data.resolution import Clock
from pipelines.imbalance.features.features import MEANS
from pipelines.imbalance.features.scaling import Rows

__all__ = ["RECURSIVE", "Rollout", "measured_inputs"]

RECURSIVE = 2 + len(MEANS)
"""Inputs that are made from the target: it at the row before, it an hour before, its means."""


def measured_inputs(rows: Rows, read: Tensor, clock: Clock) -> Tensor:
    """Return the inputs made from the measured target alone, [*read, RECURSIVE].

    Args:
        rows: Of the table.
        read: Rows up to the origin.
        clock: Of the table.
    """
    earlier = torch.stack([rows.target[read - 1], rows.target[read - clock.hour]], dim=-1)
    return torch.cat([earlier, rows.means[read - 1]], dim=-1)


class Rollout:
    """Forecasts in the making, of all origins at once.

    `inputs` gives what is seen before a step, `append` takes the forecast of that step. Everything
    is counted from the level, the target at the origin. Means move on by running sums: every
    forecast enters, and what was measured so many hours before it leaves.

    Args:
        rows: Of the table; nothing of the target after the origins is looked at.
        origins: int64 [batch].
        clock: Of the table.
    """

    def __init__(self, rows: Rows, origins: Tensor, clock: Clock) -> None:
        level, device = rows.target[origins, None], origins.device
        widths = torch.tensor([hours * clock.hour for hours in MEANS], device=device)
        steps = torch.arange(1, clock.horizon + 1, device=device)
        leaving = rows.target[origins[:, None, None] + steps[:, None] - widths]
        last_hour = rows.target[origins[:, None] + torch.arange(1 - clock.hour, 1, device=device)]
        self.widths = widths
        self.leaving = (leaving - level.unsqueeze(2)).unbind(dim=1)
        self.sums = (rows.means[origins] - level) * widths
        self.target = list((last_hour - level).split(1, dim=1))
        self.hour = clock.hour
        self.forecasts: list[Tensor] = []

    def inputs(self) -> Tensor:
        """Return the inputs from the target before the next step, [batch, RECURSIVE]."""
        earlier = [self.target[-1], self.target[-self.hour]]
        return torch.cat([*earlier, self.sums / self.widths], dim=1)

    def append(self, forecast: Tensor) -> None:
        """Append the forecast of the next step, [batch]."""
        self.sums = self.sums + forecast[:, None] - self.leaving[len(self.forecasts)]
        self.target.append(forecast[:, None])
        self.forecasts.append(forecast)
