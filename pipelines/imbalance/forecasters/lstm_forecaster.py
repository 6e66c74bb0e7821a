"""A trained LSTM with its highway and scales: forecasts in MW, and files without pickle."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from pipelines.imbalance.features.features import CHANGES, Features
from pipelines.imbalance.features.scaling import Scales, make_rows
from pipelines.imbalance.features.windows import level
from pipelines.imbalance.forecasters.lstm import ImbalanceLSTM
from pipelines.imbalance.forecasters.ridge import RidgeForecaster, load_ridge

__all__ = ["LSTMForecaster", "load_lstm"]

ORIGINS_AT_ONCE = 4096  # it decides memory and speed alone

CONFIGURATION_NAME = "lstm.json"
WEIGHTS_NAME = "lstm.safetensors"


@dataclass(frozen=True, eq=False)
class LSTMForecaster:
    """An LSTM beside its linear highway, and the scales between them."""

    network: ImbalanceLSTM
    highway: RidgeForecaster
    scales: Scales

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast the imbalance of the steps after each origin, MW [origins, horizon].

        The network is put in evaluation mode, and works where its weights are.
        """
        device = next(self.network.parameters()).device
        rows = make_rows(features, self.scales).to(device)
        highway = torch.from_numpy(self.highway.movement(features, origins) / self.scales.target)
        batches = zip(
            torch.from_numpy(origins).to(device).split(ORIGINS_AT_ONCE),
            highway.float().to(device).split(ORIGINS_AT_ONCE),
            strict=True,
        )
        self.network.eval()
        with torch.inference_mode():
            movement = torch.cat([self.network(rows, *batch) for batch in batches])
        moved = movement.double().cpu().numpy() * self.scales.target
        return level(features, origins) + moved + features.offset(origins)

    def save(self, folder: Path) -> None:
        """Write `lstm.safetensors`, the `lstm.json` that rebuilds it, and the highway's file.

        The same forecaster gives the same bytes.
        """
        scales = {
            "target": self.scales.target,
            "structural": self.scales.structural,
            "changes": self.scales.changes.tolist(),
        }
        configuration = {"network": self.network.configuration, "scales": scales}
        (folder / CONFIGURATION_NAME).write_text(json.dumps(configuration, indent=2) + "\n")
        weights = {name: tensor.contiguous() for name, tensor in self.network.state_dict().items()}
        (folder / WEIGHTS_NAME).write_bytes(save(weights))
        self.highway.save(folder)


def load_lstm(folder: Path) -> LSTMForecaster:
    """Load the forecaster that `LSTMForecaster.save` wrote, in evaluation mode.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is damaged or they do not belong together.
    """
    highway = load_ridge(folder)
    try:
        configuration = json.loads((folder / CONFIGURATION_NAME).read_bytes())
        network = ImbalanceLSTM(**configuration["network"])
        network.load_state_dict(load_file(folder / WEIGHTS_NAME))
        scales = Scales(**configuration["scales"])
        changes = np.array(scales.changes, dtype=float).reshape(len(CHANGES))
        if len(highway.intercepts) != network.clock.horizon:
            raise ValueError("the highway has another horizon")
    except (ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{folder}: not a saved LSTM: {reason}") from error
    scales = Scales(float(scales.target), float(scales.structural), changes)
    return LSTMForecaster(network.eval(), highway, scales)
