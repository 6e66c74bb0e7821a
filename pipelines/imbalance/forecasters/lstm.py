"""An autoregressive LSTM, which uses each forecast as an input of the next step.

The forecast is the sum of the LSTM's output and a linear highway. The highway is a ridge
regression, fitted in closed form, and the LSTM adds the non-linear remainder.

Source: Lai et al., "Modeling Long- and Short-Term Temporal Patterns with Deep Neural Networks",
2018 (LSTNet).
"""

import torch
from torch import Tensor, nn

from pipelines.imbalance.data.calendar import CALENDAR
from pipelines.imbalance.data.resolution import Clock
from pipelines.imbalance.features.features import CHANGES
from pipelines.imbalance.features.scaling import Rows
from pipelines.imbalance.forecasters.rollout import RECURSIVE, Rollout, measured_inputs

__all__ = ["ImbalanceLSTM"]

KNOWN = len(CHANGES) + 1 + len(CALENDAR) + 3


class ImbalanceLSTM(nn.Module):
    """A recurrent network that reads the last two hours and forecasts the next two.

    Inputs at each row are:

    - the target one row and one hour before, and its running means,
    - the differences of plans, profiles and structural imbalance from their values at the origin,
    - the calendar, whether midnight lies between origin and row, and the lead time,
    - the level, which is the target at the origin.

    The target is measured up to the origin. After it, the network's own forecasts replace the
    target and everything computed from it. All target inputs are relative to the level.

    Args:
        minutes: Duration of a row, 5 or 15 minutes.
        hidden_dim: Number of hidden units.
        dropout: Probability of dropping an input or a hidden unit in training. The same mask is
            used for all rows of a window (Gal and Ghahramani, 2016).

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self, minutes: int, hidden_dim: int, dropout: float = 0.0) -> None:
        super().__init__()
        if hidden_dim < 1:
            raise ValueError(f"hidden_dim: {hidden_dim}, at least 1 expected")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: {dropout}, at least 0 and less than 1 expected")
        self.configuration = {"minutes": minutes, "hidden_dim": hidden_dim, "dropout": dropout}
        self.clock = Clock(minutes)
        self.warm_up = self.clock.horizon
        self.dropout = nn.Dropout(dropout)
        self.cell = nn.LSTMCell(RECURSIVE + KNOWN, hidden_dim)
        self.head = nn.Linear(hidden_dim, 1)
        # zero, so that training starts from the forecast of the highway
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, rows: Rows, origins: Tensor, highway: Tensor) -> Tensor:
        """Return the change of the target from each origin in units of its scale, [batch, horizon].

        Args:
            rows: Scaled features of the table.
            origins: Row numbers of the origins, int64 [batch].
            highway: Change of the target that the highway forecasts, float32 [batch, horizon].
        """
        known = self.known(rows, origins)
        input_mask = self.dropout(known.new_ones(len(origins), RECURSIVE + KNOWN))
        unit_mask = self.dropout(known.new_ones(len(origins), self.cell.hidden_size))

        past = origins[:, None] + torch.arange(1 - self.warm_up, 1, device=origins.device)
        measured = measured_inputs(rows, past, self.clock) - rows.target[origins, None, None]
        state = None
        for position in range(self.warm_up):
            inputs = torch.cat([measured[:, position], known[:, position]], dim=1)
            state = self.cell(inputs * input_mask, state)

        rollout = Rollout(rows, origins, self.clock)
        for step in range(self.clock.horizon):
            inputs = torch.cat([rollout.inputs(), known[:, self.warm_up + step]], dim=1)
            state = self.cell(inputs * input_mask, state)
            correction = self.head(state[0] * unit_mask).squeeze(1)
            rollout.append(highway[:, step] + correction)
        return torch.stack(rollout.forecasts, dim=1)

    def known(self, rows: Rows, origins: Tensor) -> Tensor:
        """Return the inputs known at the origin, [batch, warm_up + horizon, KNOWN]."""
        steps = torch.arange(1 - self.warm_up, self.clock.horizon + 1, device=origins.device)
        window = origins[:, None] + steps
        structural = torch.cat(
            [rows.structural[window[:, : self.warm_up], 0], rows.structural[origins, 1:]], dim=1
        )
        single_columns = (
            structural - rows.structural[origins, :1],
            rows.date[window] != rows.date[origins, None],
            (steps.clamp(min=0) / self.clock.horizon).expand(window.shape),
            rows.target[origins, None].expand(window.shape),
        )
        return torch.cat(
            [
                rows.changes[window] - rows.changes[origins, None],
                rows.calendar[window],
                torch.stack([column.float() for column in single_columns], dim=2),
            ],
            dim=2,
        )
