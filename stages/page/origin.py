"""Where the results come from: data, machine, versions."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil

from pipelines.device import device_name
from stages.params import Params

_PACKAGES = ("dvc", "lightning", "mlflow", "numpy", "pandas", "scikit-learn", "scipy", "torch")


@dataclass(frozen=True)
class Data:
    """A data set that DVC manages.

    Attributes:
        path: its file or folder.
        md5: its digest, as dvc.lock has it.
        size: how large it is, in words.
    """

    path: str
    md5: str
    size: str


def machine(params: Params) -> dict[str, str]:
    """Say what the page was written on."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "processor": f"{os.cpu_count()} cores, {platform.machine()}",
        "memory": f"{memory:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "torch computes on": f"{device_name(params.device)} (device: {params.device})",
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on most."""
    found = {package: importlib.metadata.version(package) for package in _PACKAGES}
    return {"Python": platform.python_version()} | found


def data(lock: Any, stages: set[str]) -> Iterator[Data]:
    """List the data sets of the workflow.

    Args:
        lock: the content of dvc.lock.
        stages: the stages that there are; dvc.lock remembers others, too.

    Yields:
        The outputs of these stages under data/.
    """
    for name, stage in lock["stages"].items():
        for output in stage.get("outs", []):
            if name in stages and output["path"].startswith("data/"):
                yield Data(output["path"], output["md5"], _in_bytes(output["size"]))


def _in_bytes(size: int) -> str:
    for power, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if size >= 10**power:
            return f"{size / 10**power:.1f} {unit}"
    return f"{size} bytes"
