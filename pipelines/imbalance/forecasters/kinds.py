"""The kinds of forecasters: for each its hyperparameters, how it is fitted and how it is loaded."""

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
        """Write the files from which its kind loads it."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of fitting one model.

    Attributes:
        forecasters: One, or the members of an ensemble, whose mean is the forecast.
        history: A row for each epoch; see `lstm_ensemble.join_histories`. It is empty if the kind
            is not trained in epochs.
    """

    forecasters: list[Forecaster]
    history: pd.DataFrame


@dataclass(frozen=True)
class Kind:
    """A kind of forecaster.

    Attributes:
        settings: Type of its hyperparameters, a dataclass.
        fit: Fits a model. Its arguments are the features of the table, the origins of its parts
            (those of the test part are not used) and the hyperparameters; by keyword, `seed`, and
            `device`, `checkpoint_folder` and `on_epoch` as in `pipelines.training.fit`, which kinds
            that are not trained in epochs ignore.
        load: Loads a forecaster from the folder that `Forecaster.save` wrote.
    """

    settings: type
    fit: Callable[..., Fitted]
    load: Callable[[Path], Forecaster]


def _in_one_step(
    fit: Callable[[Features, NDArray[np.int64], Any, int], Forecaster],
) -> Callable[..., Fitted]:
    """Return `Kind.fit` of a kind that is not trained in epochs."""

    def fit_once(
        features: Features, origins: Origins, settings: Any, *, seed: int, **_: Any
    ) -> Fitted:
        forecaster = fit(features, origins.training, settings, seed)
        no_epochs = pd.DataFrame(columns=["epoch", "train/loss", "validation/loss"])
        return Fitted([forecaster], no_epochs)

    return fit_once


def _rule(rule: Forecaster) -> Kind:
    """Return the kind of a forecaster without hyperparameters, files or training."""
    return Kind(PersistenceSettings, _in_one_step(lambda *_: rule), lambda _: rule)


def _fit_lstm(features: Features, origins: Origins, settings: LSTMSettings, **how: Any) -> Fitted:
    # torch and lightning take longer to import than the other kinds take to train
    from pipelines.imbalance.forecasters.lstm_ensemble import fit_lstm_ensemble

    return Fitted(*fit_lstm_ensemble(features, origins, settings, **how))


def _load_lstm(folder: Path) -> Forecaster:
    from pipelines.imbalance.forecasters.lstm_forecaster import load_lstm

    return load_lstm(folder)


KINDS = {
    "persistence": _rule(Persistence()),
    "structural_persistence": _rule(StructuralPersistence()),
    "ridge": Kind(
        RidgeSettings,
        _in_one_step(lambda features, rows, s, _: fit_ridge(features, rows, alpha=s.alpha)),
        load_ridge,
    ),
    "gradient_boosting": Kind(
        BoostingSettings,
        _in_one_step(lambda features, rows, s, seed: fit_boosting(features, rows, s, seed=seed)),
        load_boosting,
    ),
    "lstm": Kind(LSTMSettings, _fit_lstm, _load_lstm),
}
"""Every kind by its name."""
