"""A trained model: its forecasters, clipping limits and calibrated intervals."""

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
        kind: Kind of the forecasters, a key of `KINDS`.
        residual: Whether the target is the imbalance without its structural component.
        minutes: Duration of a row of its tables in minutes.
        limits: Clipping limits, fitted on the training rows.
        forecasters: A single forecaster, or the members of an ensemble. The forecast of an ensemble
            is the mean of its members' forecasts.
        calibrations: Calibration of the intervals of each forecaster.
        calibration: Calibration of the intervals of the mean forecast.
        validation_rmse: Root mean squared error of the mean forecast on the validation split, MW.
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
        """Return the features of a table for this model.

        Raises:
            ValueError: If the table is too short, or its rows have another duration.
        """
        features = make_features(table, self.limits, residual=self.residual)
        if features.clock.minutes != self.minutes:
            raise ValueError(
                f"table: rows of {features.clock.minutes} minutes, of {self.minutes} expected"
            )
        return features

    def forecasts(self, features: Features, origins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the forecasts of each forecaster, MW [forecasters, origins, horizon]."""
        return np.stack([member.forecast(features, origins) for member in self.forecasters])

    def save(self, folder: Path) -> None:
        """Write `forecaster.json`, `intervals.json`, and one folder per forecaster.

        Equal models give equal bytes.
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
            subfolder = _subfolder(folder, number)
            subfolder.mkdir()
            forecaster.save(subfolder)
            for file in subfolder.glob("*.skops"):
                make_reproducible(file)
            calibration.save(subfolder)
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
        kind: Kind of the forecasters, a key of `KINDS`.
        forecasters: A single forecaster, or the members of an ensemble.
        limits: Clipping limits, fitted on the training rows.
        features: Features of the table, computed with these limits.
        validation: Origins of the validation split.

    Raises:
        ValueError: If there is no forecaster or no origin.
    """
    if not forecasters or not len(validation):
        raise ValueError(
            f"forecasters, validation: {len(forecasters)} forecasters and {len(validation)} "
            "origins, at least one of each expected"
        )
    truth, hours = features.truth(validation), hours_ahead(features, validation)
    forecasts = [forecaster.forecast(features, validation) for forecaster in forecasters]
    mean = np.mean(forecasts, axis=0)
    return TrainedForecaster(
        kind=kind,
        residual=features.residual,
        minutes=features.clock.minutes,
        limits=limits,
        forecasters=tuple(forecasters),
        calibrations=tuple(fit_calibration(truth - forecast, hours) for forecast in forecasts),
        calibration=fit_calibration(truth - mean, hours),
        validation_rmse=float(np.sqrt(squared_losses(truth, mean).mean())),
    )


def hours_ahead(features: Features, origins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the hour of the day (UTC) of each step after each origin, [origins, horizon]."""
    return features.times.hour.to_numpy()[features.ahead(origins)]


def load_trained_forecaster(folder: Path) -> TrainedForecaster:
    """Load a model written by `TrainedForecaster.save`.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file was changed or has other content.
    """
    try:
        check_checksums(folder)
    except ValueError as error:
        raise ValueError(f"{folder}: not a saved forecaster: {error}") from error
    content = (folder / FILE_NAME).read_bytes()
    try:
        configuration = json.loads(content)
        kind = configuration["kind"]
        if kind not in KINDS:
            raise ValueError(f"kind: {kind!r}, one of {', '.join(KINDS)} expected")
        limits = Limits(**configuration["limits"])
        count = configuration["forecasters"]
        subfolders = [_subfolder(folder, number + 1) for number in range(count)]
        residual, minutes = bool(configuration["residual"]), int(configuration["minutes"])
        rmse = float(configuration["validation_rmse"])
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{folder / FILE_NAME}: not a saved forecaster: {error}") from error
    return TrainedForecaster(
        kind=kind,
        residual=residual,
        minutes=minutes,
        limits=limits,
        forecasters=tuple(KINDS[kind].load(path) for path in subfolders),
        calibrations=tuple(load_calibration(path) for path in subfolders),
        calibration=load_calibration(folder),
        validation_rmse=rmse,
    )


def _subfolder(folder: Path, number: int) -> Path:
    return folder / f"forecaster_{number}"
