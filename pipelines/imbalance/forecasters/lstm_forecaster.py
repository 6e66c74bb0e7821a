"""A trained LSTM with its highway and scales, which forecasts in MW, and its files."""

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

BATCH_SIZE = 4096  # affects only memory and speed

CONFIGURATION_NAME = "lstm.json"
WEIGHTS_NAME = "lstm.safetensors"


@dataclass(frozen=True, eq=False)
class LSTMForecaster:
    """An LSTM with its linear highway and the scales of its features."""

    network: ImbalanceLSTM
    highway: RidgeForecaster
    scales: Scales

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Forecast the imbalance of the steps after each origin, MW [origins, horizon].

        The network is set to evaluation mode and runs on the device of its weights.
        """
        device = next(self.network.parameters()).device
        rows = make_rows(features, self.scales).to(device)
        highway = torch.from_numpy(self.highway.movement(features, origins) / self.scales.target)
        batches = zip(
            torch.from_numpy(origins).to(device).split(BATCH_SIZE),
            highway.float().to(device).split(BATCH_SIZE),
            strict=True,
        )
        self.network.eval()
        with torch.inference_mode():
            outputs = torch.cat([self.network(rows, *batch) for batch in batches])
        movement = outputs.double().cpu().numpy() * self.scales.target
        return level(features, origins) + movement + features.offset(origins)

    def save(self, folder: Path) -> None:
        """Write weights to `lstm.safetensors`, settings to `lstm.json`, and the highway's file.

        Equal forecasters give equal bytes.
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
    """Load a forecaster written by `LSTMForecaster.save`, in evaluation mode.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is damaged or the files do not fit together.
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
