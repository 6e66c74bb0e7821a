"""Inputs of all kinds that stages read, from the finished project, with their readers."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.digits.data.mnist import read_digits
from pipelines.digits.models.saving import load_trained_autoencoder
from pipelines.digits.models.training_samples import load_training_samples
from pipelines.digits.models.verifier import load_verifier
from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.data.dataset import read_figure_set
from pipelines.imbalance.data.parquet_file import read_table
from pipelines.imbalance.data.prepared import Prepared, read_prepared
from pipelines.imbalance.evaluation.forecast_file import read_losses
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.forecasters.trained_forecaster import (
    load_trained_forecaster,
    with_intervals,
)
from tests.workflow.project import Project


def load_autoencoder(folder: Path) -> tuple[Any, Any]:
    return load_trained_autoencoder(folder), load_training_samples(folder)


#: Path in the project and reader of inputs with checksums. The small workflow has no gradient
#: boosting: see `fit_boosting`.
WITH_CHECKSUMS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "digits": ("data/raw/digits", read_digits),
    "prepared series": ("data/prepared/imbalance", read_prepared),
    "network": ("results/figures/demo_1/model", NetworkClassifier.load),
    "verifier": ("results/digits/verifier/model", load_verifier),
    "autoencoder": ("results/digits/vae_missing/model", load_autoencoder),
    "ridge": ("results/imbalance/ridge/model", load_trained_forecaster),
    "lstm": ("results/imbalance/lstm_residual/model", load_trained_forecaster),
    "gradient boosting": ("", load_trained_forecaster),
}
FILES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "figures": ("data/raw/figures/centred.npz", read_figure_set),
    "series": ("data/raw/imbalance/table.parquet", read_table),
    "forecasts": ("results/imbalance/ridge/forecasts.parquet", read_losses),
}
INPUTS = WITH_CHECKSUMS | FILES


def copy_of(name: str, finished: Project, folder: Path) -> Path:
    """Copy an input to a folder."""
    place, _ = INPUTS[name]
    path = folder / (Path(place).name or "model")
    if not place:
        fit_boosting(read_prepared(finished.root / "data/prepared/imbalance"), path)
    elif name in FILES:
        shutil.copyfile(finished.root / place, path)
    else:
        shutil.copytree(finished.root / place, path)
    return path


def fit_boosting(prepared: Prepared, folder: Path) -> None:
    """Save a small gradient boosting model."""
    kind, limits = KINDS["gradient_boosting"], fit_limits(prepared.training_rows["y"].to_numpy())
    features = make_features(prepared.table, limits, residual=True)
    origins = split_origins(prepared, features)
    few = kind.settings(max_iter=2, max_leaf_nodes=4, min_samples_leaf=20, windows=50)
    fitted = kind.fit(features, origins, few, seed=0)
    folder.mkdir()
    with_intervals(
        "gradient_boosting", fitted.forecasters, limits, features, origins.validation
    ).save(folder)


def files_of(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def assert_refused(name: str, path: Path) -> str:
    """Check that an input is refused in one line, and return the line."""
    with pytest.raises((ValueError, FileNotFoundError), match=r".") as caught:
        INPUTS[name][1](path)
    (line,) = str(caught.value).splitlines()
    return line
