"""The rollout: inputs of a forecaster while its own forecasts replace the measured target."""

import torch
from torch import Tensor

from pipelines.imbalance.data.resolution import Clock
from pipelines.imbalance.features.features import MEANS
from pipelines.imbalance.features.scaling import Rows

__all__ = ["RECURSIVE", "Rollout", "measured_inputs"]

RECURSIVE = 2 + len(MEANS)
"""Number of inputs from the target: its values one row and one hour before, and its means."""


def measured_inputs(rows: Rows, past: Tensor, clock: Clock) -> Tensor:
    """Return the target inputs of past rows, from measurements only, [*past, RECURSIVE].

    Args:
        rows: Scaled features of the table.
        past: Row numbers up to the origin.
        clock: Resolution of the table.
    """
    earlier = torch.stack([rows.target[past - 1], rows.target[past - clock.hour]], dim=-1)
    return torch.cat([earlier, rows.means[past - 1]], dim=-1)


class Rollout:
    """Step-by-step forecasts from a batch of origins.

    Before each step, `inputs` returns the inputs from the target. After it, `append` adds the
    forecast. All values are relative to the level, which is the target at the origin. Running means
    are updated as sums: the new forecast is added, and the oldest measurement is subtracted.

    Args:
        rows: Scaled features of the table. The target after the origins is not used.
        origins: Row numbers of the origins, int64 [batch].
        clock: Resolution of the table.
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
        """Return the target inputs of the next step, [batch, RECURSIVE]."""
        earlier = [self.target[-1], self.target[-self.hour]]
        return torch.cat([*earlier, self.sums / self.widths], dim=1)

    def append(self, forecast: Tensor) -> None:
        """Append the forecast of the next step, [batch]."""
        self.sums = self.sums + forecast[:, None] - self.leaving[len(self.forecasts)]
        self.target.append(forecast[:, None])
        self.forecasts.append(forecast)
