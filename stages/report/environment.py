"""What the results depend on beside the code: machine, package versions, data."""

import importlib.metadata
import os
import platform
from collections.abc import Container, Iterator
from typing import Any

import psutil

from pipelines.device import device_name
from stages.params import Params

_PACKAGES = ("dvc", "lightning", "mlflow", "numpy", "pandas", "scikit-learn", "scipy", "torch")


def machine(params: Params) -> dict[str, str]:
    """Describe the machine on which the page was written."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "processor": f"{os.cpu_count()} cores, {platform.machine()}",
        "memory": f"{memory:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "torch device": f"{device_name(params.device)} (device: {params.device})",
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the most important packages."""
    packages = {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"Python": platform.python_version(), **packages}


def data_sets(lock: Any, stages: Container[str]) -> Iterator[tuple[str, str, str]]:
    """Yield path, size and MD5 of each data set.

    Args:
        lock: the content of dvc.lock.
        stages: the stages of the workflow; dvc.lock may hold former ones as well.
    """
    for name, stage in lock["stages"].items():
        for output in stage.get("outs", []):
            if name in stages and output["path"].startswith("data/"):
                yield output["path"], _size_text(output["size"]), output["md5"]


def _size_text(size: int) -> str:
    for power, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if size >= 10**power:
            return f"{size / 10**power:.1f} {unit}"
    return f"{size} bytes"
