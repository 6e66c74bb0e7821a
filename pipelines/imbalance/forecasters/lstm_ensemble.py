"""An ensemble of LSTMs with different seeds and a common linear highway."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from pipelines.imbalance.features.features import Features
from pipelines.imbalance.features.origins import Origins
from pipelines.imbalance.forecasters.lstm_forecaster import LSTMForecaster
from pipelines.imbalance.forecasters.lstm_training import fit_highway, train_lstm
from pipelines.imbalance.forecasters.settings import LSTMSettings
from pipelines.seeds import derive_seed
from pipelines.training import Device

__all__ = ["fit_lstm_ensemble", "join_histories"]

OnEpoch = Callable[[int, dict[str, float]], None]
LOSSES = ("train/loss", "validation/loss")


def fit_lstm_ensemble(
    features: Features,
    origins: Origins,
    settings: LSTMSettings,
    *,
    seed: int,
    device: Device = "auto",
    checkpoint_folder: Path | None = None,
    on_epoch: OnEpoch | None = None,
) -> tuple[list[LSTMForecaster], pd.DataFrame]:
    """Train the members of an ensemble, whose mean is the forecast.

    Args:
        features: Features of the table.
        origins: Origins of the splits; those of the test split are not used.
        settings: Hyperparameters.
        seed: Seed from which the seed of each network is derived.
        device: Device; see `pipelines.training.fit`.
        checkpoint_folder: Folder for the checkpoints, with one subfolder per network.
        on_epoch: Function called with the number and the metrics of each epoch of each network.
            The names of the metrics start with `network_1/` for the first network, and so on.

    Returns:
        The trained members, and their histories as returned by `join_histories`.

    Raises:
        ValueError: If an argument is out of range, or a split has no origin.
        DivergenceError: If a loss becomes infinite or NaN.
    """
    highway = fit_highway(features, origins.training, settings)
    forecasters, histories = [], []
    for number in range(1, settings.ensemble_size + 1):
        forecaster, result = train_lstm(
            features,
            origins.training,
            origins.validation,
            settings,
            seed=derive_seed(seed, f"network {number}"),
            device=device,
            checkpoint_folder=checkpoint_folder and checkpoint_folder / str(number),
            on_epoch=on_epoch and _prefixed(on_epoch, f"network_{number}/"),
            highway=highway,
        )
        forecasters.append(forecaster)
        histories.append(pd.DataFrame(result.history))
    return forecasters, join_histories(histories)


def join_histories(histories: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join the histories of several networks in one table with one row per epoch.

    Returns:
        A table with the columns epoch, the mean losses, and the columns of each network's history,
        named `network_1/train/loss` and so on. A mean is missing in epochs in which a network had
        already stopped.
    """
    indexed = [history.set_index("epoch") for history in histories]
    means = {name: sum(history[name] for history in indexed) / len(indexed) for name in LOSSES}
    columns = [history.add_prefix(f"network_{n}/") for n, history in enumerate(indexed, start=1)]
    return pd.concat([pd.DataFrame(means), *columns], axis=1).rename_axis("epoch").reset_index()


def _prefixed(on_epoch: OnEpoch, prefix: str) -> OnEpoch:
    """Return a callback that adds a prefix to the names of metrics."""

    def call(epoch: int, metrics: dict[str, float]) -> None:
        on_epoch(epoch, {f"{prefix}{name}": value for name, value in metrics.items()})

    return call
