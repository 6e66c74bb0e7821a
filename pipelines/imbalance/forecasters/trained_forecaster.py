"""A trained model: its forecasters, the clipping limits and the calibrated intervals.

The forecast of an ensemble is the mean of its members' forecasts.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.checksums import check_checksums, write_checksums
from pipelines.imbalance.features.features import Features, make_features
from pipelines.imbalance.features.limits import Limits
from pipelines.imbalance.forecasters.intervals import Calibration, fit_calibration, load_calibration
from pipelines.imbalance.forecasters.kinds import KINDS, Forecaster
from pipelines.imbalance.forecasters.losses import squared_losses
from pipelines.imbalance.forecasters.skops_file import make_reproducible

__all__ = [
    "TrainedForecaster",
    "hours_ahead",
    "load_trained_forecaster",
    "with_intervals",
]

FILE_NAME = "forecaster.json"


@dataclass(frozen=True, eq=False)
class TrainedForecaster:
    """A trained model that forecasts with intervals.

    Attributes:
        kind: Kind of its forecasters, a key of `KINDS`.
        residual: Whether they forecast the imbalance without its structural part.
        minutes: Length of a row of its tables.
        limits: Clipping limits, fitted on its training rows.
        forecasters: One, or the members of an ensemble.
        calibrations: Of the intervals of each forecaster by itself.
        calibration: Of the intervals about the mean of their forecasts.
        validation_rmse: Root mean squared error of that mean in the validation part, MW.
    """

    kind: str
    residual: bool
    minutes: int
    limits: Limits
    forecasters: tuple[Forecaster, ...]
    calibrations: tuple[Calibration, ...]
    calibration: Calibration
    validation_rmse: float

    def features(self, table: pd.DataFrame) -> Features:
        """Return the features of a table as this model takes them.

        Raises:
            ValueError: If the table is too short, or its rows last otherwise.
        """
        features = make_features(table, self.limits, residual=self.residual)
        if features.clock.minutes != self.minutes:
            raise ValueError(
                f"table: rows of {features.clock.minutes} minutes, of {self.minutes} expected"
            )
        return features

    def forecasts(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the forecasts of each forecaster, MW [forecasters, origins, horizon]."""
        return np.stack([each.forecast(features, origins) for each in self.forecasters])

    def save(self, folder: Path) -> None:
        """Write `forecaster.json`, `intervals.json`, and a folder for each forecaster.

        The same model gives the same bytes.
        """
        configuration = {
            "kind": self.kind,
            "residual": self.residual,
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
    kind: str,
    forecasters: Sequence[Forecaster],
    limits: Limits,
    features: Features,
    validation: NDArray[np.int64],
) -> TrainedForecaster:
    """Combine trained forecasters into a model and calibrate its intervals.

    Args:
        kind: Their kind, a key of `KINDS`.
        forecasters: One, or the members of an ensemble.
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
        residual=features.residual,
        minutes=features.clock.minutes,
        limits=limits,
        forecasters=tuple(forecasters),
        calibrations=tuple(fit_calibration(truth - each, hours) for each in forecasts),
        calibration=fit_calibration(truth - mean, hours),
        validation_rmse=float(np.sqrt(squared_losses(truth, mean).mean())),
    )


def hours_ahead(features: Features, origins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the hour of the day, UTC, of every step after each origin, [origins, horizon]."""
    return features.times.hour.to_numpy()[features.ahead(origins)]


def load_trained_forecaster(folder: Path) -> TrainedForecaster:
    """Load the model that `TrainedForecaster.save` wrote.

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
        if kind not in KINDS:
            raise ValueError(f"kind: {kind!r}, one of {', '.join(KINDS)} expected")
        limits = Limits(**configuration["limits"])
        inner = [_folder_of(folder, number + 1) for number in range(configuration["forecasters"])]
        residual, minutes = bool(configuration["residual"]), int(configuration["minutes"])
        rmse = float(configuration["validation_rmse"])
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{folder / FILE_NAME}: no saved forecaster: {error}") from error
    return TrainedForecaster(
        kind=kind,
        residual=residual,
        minutes=minutes,
        limits=limits,
        forecasters=tuple(KINDS[kind].load(each) for each in inner),
        calibrations=tuple(load_calibration(each) for each in inner),
        calibration=load_calibration(folder),
        validation_rmse=rmse,
    )


def _folder_of(folder: Path, number: int) -> Path:
    return folder / f"forecaster_{number}"
