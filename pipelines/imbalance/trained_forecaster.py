"""A trained variant, whole: its forecasters, the limits of belief, the calibrated intervals.

A variant trained from several seeds forecasts the mean of what its networks forecast.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.checksums import check_checksums, write_checksums
from pipelines.imbalance.boosting import load_boosting
from pipelines.imbalance.features import Features, Limits, make_features
from pipelines.imbalance.intervals import Calibration, fit_calibration, load_calibration
from pipelines.imbalance.linear import load_linear
from pipelines.imbalance.persistence import persistence, structural_persistence
from pipelines.imbalance.significance import squared_losses
from pipelines.imbalance.skops_file import make_reproducible

__all__ = [
    "Forecaster",
    "Kind",
    "Rule",
    "TrainedForecaster",
    "hours_ahead",
    "load_trained_forecaster",
    "with_intervals",
]

Kind = Literal["persistence", "structural_persistence", "ridge", "gradient_boosting", "lstm"]

RULES = {"persistence": persistence, "structural_persistence": structural_persistence}
FILE_NAME = "forecaster.json"


class Forecaster(Protocol):
    """What forecasts."""

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Imbalance of the steps after each origin, MW [origins, horizon]."""

    def save(self, folder: Path) -> None:
        """Writes what rebuilds it."""


@dataclass(frozen=True)
class Rule:
    """A forecaster that nothing is learnt for, so there is nothing to save but its name."""

    kind: str

    def forecast(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Imbalance of the steps after each origin, MW [origins, horizon]."""
        return RULES[self.kind](features, origins)

    def save(self, folder: Path) -> None:
        """Writes nothing."""


@dataclass(frozen=True, eq=False)
class TrainedForecaster:
    """A variant that forecasts with intervals.

    Attributes:
        kind: What its forecasters are.
        altered: Whether they forecast the imbalance without its structural part.
        minutes: How long a row of its tables lasts.
        limits: Fitted on its training rows.
        forecasters: One, or one for each seed.
        calibrations: Of the intervals of each forecaster by itself.
        calibration: Of the intervals about the mean of their forecasts.
        validation_rmse: Root mean squared error of that mean in the validation part, MW.
    """

    kind: Kind
    altered: bool
    minutes: int
    limits: Limits
    forecasters: tuple[Forecaster, ...]
    calibrations: tuple[Calibration, ...]
    calibration: Calibration
    validation_rmse: float

    def features(self, table: pd.DataFrame) -> Features:
        """The features of a table as this variant takes them.

        Raises:
            ValueError: If the table is too short, or its rows last otherwise.
        """
        features = make_features(table, self.limits, altered=self.altered)
        if features.clock.minutes != self.minutes:
            raise ValueError(
                f"table: rows of {features.clock.minutes} minutes, of {self.minutes} expected"
            )
        return features

    def forecasts(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """What each forecaster forecasts by itself, MW [forecasters, origins, horizon]."""
        return np.stack([each.forecast(features, origins) for each in self.forecasters])

    def save(self, folder: Path) -> None:
        """Writes `forecaster.json`, `intervals.json`, and a folder for each forecaster.

        The same variant gives the same bytes.
        """
        configuration = {
            "kind": self.kind,
            "altered": self.altered,
            "minutes": self.minutes,
            "limits": asdict(self.limits),
            "forecasters": len(self.forecasters),
            "validation_rmse": self.validation_rmse,
        }
        (folder / FILE_NAME).write_text(json.dumps(configuration, indent=2) + "\n")
        self.calibration.save(folder)
        pairs = zip(self.forecasters, self.calibrations, strict=True)
        for number, (forecaster, calibration) in enumerate(pairs, start=1):
            inner = _folder_of(folder, number)
            inner.mkdir()
            forecaster.save(inner)
            for file in inner.glob("*.skops"):
                make_reproducible(file)
            calibration.save(inner)
        write_checksums(folder)


def with_intervals(
    kind: Kind,
    forecasters: Sequence[Forecaster],
    limits: Limits,
    features: Features,
    validation: NDArray[np.int64],
) -> TrainedForecaster:
    """Puts trained forecasters together and calibrates their intervals.

    Args:
        kind: What they are.
        forecasters: One, or one for each seed.
        limits: Fitted on the training rows.
        features: Of the table, within these limits.
        validation: Origins that the forecasters were not trained on.

    Raises:
        ValueError: If there is no forecaster or no origin.
    """
    if not forecasters or not len(validation):
        raise ValueError(
            f"forecasters, validation: {len(forecasters)} forecasters and {len(validation)} "
            "origins, at least one of each expected"
        )
    truth, hours = features.truth(validation), hours_ahead(features, validation)
    forecasts = [each.forecast(features, validation) for each in forecasters]
    mean = np.mean(forecasts, axis=0)
    return TrainedForecaster(
        kind=kind,
        altered=features.altered,
        minutes=features.clock.minutes,
        limits=limits,
        forecasters=tuple(forecasters),
        calibrations=tuple(fit_calibration(truth - each, hours) for each in forecasts),
        calibration=fit_calibration(truth - mean, hours),
        validation_rmse=float(np.sqrt(squared_losses(truth, mean).mean())),
    )


def hours_ahead(features: Features, origins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Hour of the day, UTC, of every step after each origin, [origins, horizon]."""
    return features.times.hour.to_numpy()[features.ahead(origins)]


def load_trained_forecaster(folder: Path) -> TrainedForecaster:
    """The variant that `TrainedForecaster.save` wrote.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file was changed since, or is no such file.
    """
    try:
        check_checksums(folder)
    except ValueError as error:
        raise ValueError(f"{folder}: no saved forecaster: {error}") from error
    content = (folder / FILE_NAME).read_bytes()
    try:
        configuration = json.loads(content)
        kind = configuration["kind"]
        if kind not in get_args(Kind):
            raise ValueError(f"kind: {kind!r}, one of {', '.join(get_args(Kind))} expected")
        limits = Limits(**configuration["limits"])
        inner = [_folder_of(folder, number + 1) for number in range(configuration["forecasters"])]
        altered, minutes = bool(configuration["altered"]), int(configuration["minutes"])
        rmse = float(configuration["validation_rmse"])
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{folder / FILE_NAME}: no saved forecaster: {error}") from error
    return TrainedForecaster(
        kind=kind,
        altered=altered,
        minutes=minutes,
        limits=limits,
        forecasters=tuple(_load_forecaster(kind, each) for each in inner),
        calibrations=tuple(load_calibration(each) for each in inner),
        calibration=load_calibration(folder),
        validation_rmse=rmse,
    )


def _load_forecaster(kind: Kind, folder: Path) -> Forecaster:
    match kind:
        case "ridge":
            return load_linear(folder)
        case "gradient_boosting":
            return load_boosting(folder)
        case "lstm":
            # torch takes longer to import than the other kinds take to forecast
            from pipelines.imbalance.lstm_forecaster import load_lstm

            return load_lstm(folder)
        case _:
            return Rule(kind)


def _folder_of(folder: Path, number: int) -> Path:
    return folder / f"forecaster_{number}"
