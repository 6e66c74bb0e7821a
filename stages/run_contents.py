"""What a run in MLflow holds, made of the project's own nested numbers and parameters."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from mlflow.entities import Metric, Param


def points_of_epoch(epoch: int, metrics: Mapping[str, float]) -> list[Metric]:
    """Make the points of an epoch's curves.

    The curve over the test part is for a picture; nobody shall choose by it.
    """
    now = int(time.time() * 1000)
    return [
        Metric(name, float(value), now, epoch)
        for name, value in metrics.items()
        if not (name.endswith("epoch") or name.startswith("test/") or math.isnan(value))
    ]


def curves(history: pd.DataFrame) -> list[Metric]:
    """Make the points of all curves of a history, whose index is the epoch."""
    rows = history.to_dict("index").items()
    return [point for epoch, row in rows for point in points_of_epoch(int(epoch), row)]


def values(metrics: Mapping[str, Any]) -> list[Metric]:
    """Make points of single-valued metrics; a section becomes `section/metric`."""
    now = int(time.time() * 1000)
    flat = flatten(metrics, "/").items()
    return [Metric(name, float(value), now, 0) for name, value in flat]


def unknown(points: Sequence[Metric], known: set[tuple[str, int]]) -> list[Metric]:
    """Leave out points that a run has: of the same metric and step."""
    return [point for point in points if (point.key, point.step) not in known]


def parameters_of(parameters: Mapping[str, Any]) -> list[Param]:
    """Make one line of text of each parameter; a section becomes `section.parameter`."""
    flat = flatten(parameters, ".")
    return [Param(key, _as_text(value)) for key, value in flat.items()]


def flatten(document: Mapping[str, Any], separator: str) -> dict[str, Any]:
    """Let a mapping of mappings become one whose keys are joined by a separator."""
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, Mapping):
            inner = flatten(value, separator)
            flat |= {f"{key}{separator}{name}": entry for name, entry in inner.items()}
        else:
            flat[key] = value
    return flat


def _as_text(value: Any) -> str:
    """Write a list of layers as `20:relu, 10:tanh`, everything else as it is."""
    if isinstance(value, Mapping):
        return ":".join(map(_as_text, value.values()))
    if isinstance(value, list | tuple):
        return ", ".join(map(_as_text, value)) or "none"
    return "none" if value is None else str(value)
