"""Convert nested numbers and settings to MLflow's metrics and parameters."""

import math
import time
from collections.abc import Mapping
from typing import Any

import pandas as pd
from mlflow.entities import Metric, Param


def points_of_epoch(epoch: int, metrics: Mapping[str, float]) -> list[Metric]:
    """Return the metrics of an epoch as MLflow metrics.

    Curves over the test split are left out, so that no model is selected by them.
    """
    now = int(time.time() * 1000)
    return [
        Metric(name, float(value), now, epoch)
        for name, value in metrics.items()
        if not (name.endswith("epoch") or name.startswith("test/") or math.isnan(value))
    ]


def curves(history: pd.DataFrame) -> list[Metric]:
    """Return all metrics of a history that is indexed by epoch."""
    rows = history.to_dict("index").items()
    return [point for epoch, row in rows for point in points_of_epoch(int(epoch), row)]


def single_values(metrics: Mapping[str, Any]) -> list[Metric]:
    """Return the numbers of nested sections as metrics; `/` joins the names of the sections."""
    now = int(time.time() * 1000)
    return [
        Metric(name, float(value), now, 0)
        for name, value in flatten(metrics, "/").items()
        if isinstance(value, int | float)
    ]


def parameters_of(parameters: Mapping[str, Any]) -> list[Param]:
    """Return nested settings as parameters; a dot joins the names of the sections."""
    return [Param(key, _as_text(value)) for key, value in flatten(parameters, ".").items()]


def flatten(document: Mapping[str, Any], separator: str) -> dict[str, Any]:
    """Join the keys of nested mappings by a separator."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, Mapping):
            inner = flatten(value, separator)
            flat |= {f"{key}{separator}{name}": entry for name, entry in inner.items()}
        else:
            flat[key] = value
    return flat


def _as_text(value: Any) -> str:
    """Write a list of layers as `width=20 activation=relu; dropout=0.5`, other values as text."""
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_as_text(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(_as_text, value)) or "none"
    return "none" if value is None else str(value)
