"""An LSTM that forecasts step by step, each forecast being the next step's previous value.

It runs beside a linear highway, as in LSTNet (Lai et al., "Modeling Long- and Short-Term Temporal
Patterns with Deep Neural Networks", 2018): the highway is a ridge regression fitted in closed form,
and what the LSTM adds is what no linear map can say.
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
    """A recurrent network that reads the last two hours, then goes on through the next two.

    At every row it sees the target at the row before and an hour before, and its running means; how
    plans, profiles and structural imbalance of the row differ from those of the origin; the
    calendar, whether midnight lies between, and the lead. Up to the origin the target is the
    measured one; after it, it is the network's own forecast, and so is all that is made from it.
    The target counts from its level at the origin, which is an input itself.

    Args:
        minutes: How long a row lasts, 5 or 15.
        hidden_dim: Units.
        dropout: Share of inputs and of hidden units left out in training, the same ones throughout
            a window (Gal and Ghahramani, 2016).

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
        # so that training starts from the highway alone
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, rows: Rows, origins: Tensor, highway: Tensor) -> Tensor:
        """Return the change of the target from each origin in units of its scale, [batch, horizon].

        Args:
            rows: Of the table.
            origins: int64 [batch].
            highway: The movement that the highway forecasts, float32 [batch, horizon].
        """
        known = self.known(rows, origins)
        kept_inputs = self.dropout(known.new_ones(len(origins), RECURSIVE + KNOWN))
        kept_units = self.dropout(known.new_ones(len(origins), self.cell.hidden_size))

        read = origins[:, None] + torch.arange(1 - self.warm_up, 1, device=origins.device)
        measured = measured_inputs(rows, read, self.clock) - rows.target[origins, None, None]
        state = None
        for place in range(self.warm_up):
            inputs = torch.cat([measured[:, place], known[:, place]], dim=1)
            state = self.cell(inputs * kept_inputs, state)

        rollout = Rollout(rows, origins, self.clock)
        for step in range(self.clock.horizon):
            inputs = torch.cat([rollout.inputs(), known[:, self.warm_up + step]], dim=1)
            state = self.cell(inputs * kept_inputs, state)
            added = self.head(state[0] * kept_units).squeeze(1)
            rollout.append(highway[:, step] + added)
        return torch.stack(rollout.forecasts, dim=1)

    def known(self, rows: Rows, origins: Tensor) -> Tensor:
        """Return known inputs of all rows read or forecast, [batch, warm_up + horizon, KNOWN]."""
        steps = (1 - self.warm_up, self.clock.horizon + 1)
        after = torch.arange(*steps, device=origins.device)
        window = origins[:, None] + after
        structural = torch.cat(
            [rows.structural[window[:, : self.warm_up], 0], rows.structural[origins, 1:]], dim=1
        )
        single = (
            structural - rows.structural[origins, :1],
            rows.date[window] != rows.date[origins, None],
            (after.clamp(min=0) / self.clock.horizon).expand(window.shape),
            rows.target[origins, None].expand(window.shape),
        )
        return torch.cat(
            [
                rows.changes[window] - rows.changes[origins, None],
                rows.calendar[window],
                torch.stack([column.float() for column in single], dim=2),
            ],
            dim=2,
        )
