"""Registry of the kinds of forecasters, with their hyperparameters and functions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.imbalance.features.features import Features
from pipelines.imbalance.features.origins import Origins
from pipelines.imbalance.forecasters.gradient_boosting import fit_boosting, load_boosting
from pipelines.imbalance.forecasters.persistence import Persistence, StructuralPersistence
from pipelines.imbalance.forecasters.ridge import fit_ridge, load_ridge
from pipelines.imbalance.forecasters.settings import (
    BoostingSettings,
    LSTMSettings,
    PersistenceSettings,
    RidgeSettings,
)

__all__ = ["KINDS", "Fitted", "Forecaster", "Kind"]


class Forecaster(Protocol):
    """A trained forecaster."""

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the imbalance of the steps after each origin, MW [origins, horizon]."""

    def save(self, folder: Path) -> None:
        """Write the files that `Kind.load` reads."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of fitting one model.

    Attributes:
        forecasters: A single forecaster, or the members of an ensemble. The forecast of an ensemble
            is their mean.
        history: One row per epoch; see `lstm_ensemble.join_histories`. It is empty if the kind is
            not trained in epochs.
    """

    forecasters: list[Forecaster]
    history: pd.DataFrame


@dataclass(frozen=True)
class Kind:
    """A kind of forecaster.

    Attributes:
        settings: Dataclass of the hyperparameters.
        fit: Function that fits a model. It takes the features of the table, the origins (those of
            the test split are not used) and the hyperparameters. Its keywords are `seed` and, as in
            `pipelines.training.fit`, `device`, `checkpoint_folder` and `on_epoch`. Kinds that are
            not trained in epochs ignore the last three.
        load: Function that loads a forecaster from the folder written by `Forecaster.save`.
    """

    settings: type
    fit: Callable[..., Fitted]
    load: Callable[[Path], Forecaster]


def _without_epochs(
    fit: Callable[[Features, NDArray[np.int64], Any, int], Forecaster],
) -> Callable[..., Fitted]:
    """Return `Kind.fit` of a kind that is not trained in epochs."""

    def fit_once(
        features: Features, origins: Origins, settings: Any, *, seed: int, **_: Any
    ) -> Fitted:
        forecaster = fit(features, origins.training, settings, seed)
        history = pd.DataFrame(columns=["epoch", "train/loss", "validation/loss"])
        return Fitted([forecaster], history)

    return fit_once


def _rule(rule: Forecaster) -> Kind:
    """Return the kind of a forecaster without hyperparameters, files or training."""
    return Kind(PersistenceSettings, _without_epochs(lambda *_: rule), lambda _: rule)


def _fit_lstm(
    features: Features, origins: Origins, settings: LSTMSettings, **keywords: Any
) -> Fitted:
    # importing torch and lightning takes longer than training the other kinds
    from pipelines.imbalance.forecasters.lstm_ensemble import fit_lstm_ensemble

    return Fitted(*fit_lstm_ensemble(features, origins, settings, **keywords))


def _load_lstm(folder: Path) -> Forecaster:
    from pipelines.imbalance.forecasters.lstm_forecaster import load_lstm

    return load_lstm(folder)


KINDS = {
    "persistence": _rule(Persistence()),
    "structural_persistence": _rule(StructuralPersistence()),
    "ridge": Kind(
        RidgeSettings,
        _without_epochs(lambda features, rows, s, _: fit_ridge(features, rows, alpha=s.alpha)),
        load_ridge,
    ),
    "gradient_boosting": Kind(
        BoostingSettings,
        _without_epochs(lambda features, rows, s, seed: fit_boosting(features, rows, s, seed=seed)),
        load_boosting,
    ),
    "lstm": Kind(LSTMSettings, _fit_lstm, _load_lstm),
}
"""All kinds by name."""
