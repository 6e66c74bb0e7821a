"""An ensemble of LSTMs, trained from seeds of their own beside one linear highway."""

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
    """Train the networks whose mean is the forecast.

    Args:
        features: Of the table.
        origins: Of its parts; those of the test part are not used.
        settings: Hyperparameters.
        seed: From which the seed of each network is derived.
        device: See `pipelines.training.fit`.
        checkpoint_folder: Where each network keeps its checkpoint, in a folder of its own.
        on_epoch: Called with the number and the metrics of each epoch of each network; the metrics
            of the first are named `network_1/train/loss` and so on.

    Returns:
        The networks, and their histories as `join_histories` returns them.

    Raises:
        ValueError: If an argument is out of range, or a part has no origin.
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
    """Join the histories of networks in one table, a row for each epoch.

    Returns:
        epoch; the mean losses, missing where a network had stopped already; the columns of each
        network's history, named `network_1/train/loss` and so on.
    """
    each = [history.set_index("epoch") for history in histories]
    means = {name: sum(history[name] for history in each) / len(each) for name in LOSSES}
    columns = [history.add_prefix(f"network_{n}/") for n, history in enumerate(each, start=1)]
    return pd.concat([pd.DataFrame(means), *columns], axis=1).rename_axis("epoch").reset_index()


def _prefixed(on_epoch: OnEpoch, prefix: str) -> OnEpoch:
    """Return a callback that passes metrics on with a prefix to their names."""

    def call(epoch: int, metrics: dict[str, float]) -> None:
        on_epoch(epoch, {f"{prefix}{name}": value for name, value in metrics.items()})

    return call
