"""One small input of every kind that a stage reads, and how the stage reads it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import nn

from pipelines.digits.autoencoder import Architecture
from pipelines.digits.mnist import Digits, read_digits, write_digits
from pipelines.digits.trained_autoencoder import (
    load_trained_autoencoder,
    save_trained_autoencoder,
    with_latents_of,
)
from pipelines.digits.variational import VariationalAutoencoder
from pipelines.digits.verifier import Verifier, load_verifier, save_verifier
from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.dataset import draw_figure_set, read_figure_set
from pipelines.imbalance.boosting import BoostingSettings, fit_boosting
from pipelines.imbalance.features import fit_limits, make_features
from pipelines.imbalance.forecast_file import forecast_rows, read_losses, write_forecasts
from pipelines.imbalance.linear import fit_linear
from pipelines.imbalance.lstm import ImbalanceLSTM
from pipelines.imbalance.lstm_forecaster import LSTMForecaster
from pipelines.imbalance.parquet_file import read_table, write_table
from pipelines.imbalance.prepared import Prepared, read_prepared, write_prepared
from pipelines.imbalance.scaling import fit_scales
from pipelines.imbalance.simulator import simulate_table
from pipelines.imbalance.splitting import split_by_fractions
from pipelines.imbalance.trained_forecaster import load_trained_forecaster, with_intervals
from stages.outputs import write_outputs
from stages.training import (
    Data,
    Training,
    read_history,
    read_training,
    train_from,
    training_outputs,
    trainings_of,
)
from tests.pipelines.training.small_modules import fit_regression, regression

SERIES = simulate_table("2021-03-01", 288 * 14, np.random.default_rng(3))


@dataclass(frozen=True)
class Input:
    """A file or a folder: how it is made, how it is read, and what was read in comparable form."""

    write: Callable[[Path], None]
    read: Callable[[Path], Any]


def figures(path: Path) -> None:
    drawn = draw_figure_set(40, 9, 0.1, True, (0.6, 0.2, 0.2), np.random.default_rng(0))
    drawn.write(path)


def network(folder: Path) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.random((20, 6)), rng.integers(3, size=20)
    NetworkClassifier(layers=[(4, "relu")], epochs=1, random_state=0).fit(X, y).save(folder)


def digits(folder: Path) -> None:
    rng = np.random.default_rng(0)
    parts = [
        array
        for count in (20, 10)
        for array in (
            rng.integers(0, 256, (count, 28, 28), np.uint8),
            rng.integers(0, 10, count, np.uint8),
        )
    ]
    write_digits(folder, Digits(*parts))


def verifier(folder: Path) -> None:
    with seeded():
        save_verifier(Verifier(blocks=[[3], [4]]), folder)


def autoencoder(folder: Path) -> None:
    sizes = {"latent": 2, "widths": (3, 4), "hidden": 8, "residual_blocks": 1}
    images = np.random.default_rng(0).integers(0, 256, (60, 28, 28), np.uint8)
    with seeded():
        made = VariationalAutoencoder(Architecture(1, **sizes))
    save_trained_autoencoder(with_latents_of(images, made, "binary", components=3, seed=0), folder)


def forecaster(kind: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        limits = fit_limits(SERIES["y"].to_numpy())
        features = make_features(SERIES, limits, altered=True)
        training, validation = features.origins[:300], features.origins[400:500]
        match kind:
            case "ridge":
                made = fit_linear(features, training, penalty=0.2)
            case "gradient_boosting":
                few = BoostingSettings(trees=2, leaves=4, samples_per_leaf=20, windows=50)
                made = fit_boosting(features, training, few, seed=0)
            case _:
                highway = fit_linear(features, training, penalty=0.2, with_interactions=True)
                with seeded():
                    lstm = ImbalanceLSTM(5, 4).eval()
                made = LSTMForecaster(lstm, highway, fit_scales(features, training))
        with_intervals(kind, [made], limits, features, validation).save(folder)

    return write


def prepared(folder: Path) -> None:
    write_prepared(Prepared.of(split_by_fractions(SERIES, 0.7, 0.15)), folder)


def forecasts(path: Path) -> None:
    rng = np.random.default_rng(0)
    origins = SERIES.index[:30]
    times = origins.to_numpy()[:, None] + np.arange(1, 25) * np.timedelta64(5, "m")
    forecast, truth = rng.normal(size=(2, 30, 24))
    quantiles = np.sort(rng.normal(size=(30, 24, 19)))
    write_forecasts(forecast_rows(origins, times, forecast, quantiles), truth, path)


def training(folder: Path) -> None:
    def train(seed: int, place: Path) -> None:
        data = Data("figures", "data/raw", "0" * 32, "uint8", (40, 9, 9))
        told = Training("0123456789abcdef", seed, {"width": 3}, data, {"best/loss": 0.5})
        history = pd.DataFrame({"epoch": [1, 2], "train/loss": [0.7, 0.5 + seed]})
        write_outputs(place, training_outputs(told, history, Path.exists))

    train_from([7, 8], folder, train)


def read_all_of_training(folder: Path) -> list[Any]:
    places = trainings_of(folder)
    return [places, *((read_training(each), read_history(each)) for each in places.values())]


def checkpoint(folder: Path) -> None:
    fit_regression(regression(), checkpoint_folder=folder, max_epochs=2)


@contextmanager
def seeded() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


#: By what a person would call them; all but the checkpoint, which is not refused but left aside.
INPUTS = {
    "figures": Input(figures, read_figure_set),
    "network": Input(network, NetworkClassifier.load),
    "digits": Input(digits, read_digits),
    "verifier": Input(verifier, load_verifier),
    "autoencoder": Input(autoencoder, load_trained_autoencoder),
    "ridge": Input(forecaster("ridge"), load_trained_forecaster),
    "gradient_boosting": Input(forecaster("gradient_boosting"), load_trained_forecaster),
    "lstm": Input(forecaster("lstm"), load_trained_forecaster),
    "series": Input(lambda path: write_table(SERIES[:600], path), read_table),
    "prepared series": Input(prepared, read_prepared),
    "forecasts": Input(forecasts, read_losses),
    "training": Input(training, read_all_of_training),
}

FILES = ("figures", "series", "forecasts")
"""Those that are single files; the others are folders."""

SUMMED = sorted(INPUTS.keys() - {*FILES, "training"})
"""Folders with checksums."""


def made(name: str, folder: Path) -> Path:
    """Make an input beneath a folder."""
    path = folder / name.replace(" ", "_")
    for inner, content in contents(name).items():
        (path / inner).parent.mkdir(parents=True, exist_ok=True)
        (path / inner).write_bytes(content)
    return path


@cache
def contents(name: str) -> dict[str, bytes]:
    """Write an input once, and return its files by their names; that of a single file is `.`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        if name not in FILES:
            path.mkdir()
        INPUTS[name].write(path)
        files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


def content_of(read: Any) -> Any:
    """Bring what was read into a form that compares by value, to the last bit."""
    match read:
        case np.ndarray():
            return str(read.dtype), read.shape, read.tobytes()
        case torch.Tensor():
            return content_of(read.numpy())
        case pd.DataFrame() | pd.Series():
            frame = read.reset_index()
            return [(str(name), content_of(frame[name].to_numpy())) for name in frame]
        case nn.Module():
            return content_of(dict(read.state_dict()))
        case dict():
            return {key: content_of(value) for key, value in read.items()}
        case list() | tuple():
            return [content_of(value) for value in read]
        case HistGradientBoostingRegressor():
            return content_of([tree.nodes for (tree,) in read._predictors])
        case _ if hasattr(read, "__dict__"):
            return type(read).__name__, content_of(dict(vars(read)))
        case _:
            return repr(read)
