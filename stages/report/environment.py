"""Environment of a report: commit, machine, package versions and data sets."""

import importlib.metadata
import os
import platform
from collections.abc import Container, Iterator
from datetime import UTC, datetime
from typing import Any

import psutil

from pipelines.device import device_name
from stages.params import Params
from stages.tracking.git import commit_tags

_PACKAGES = ("dvc", "lightning", "mlflow", "numpy", "pandas", "scikit-learn", "scipy", "torch")


def environment(params: Params) -> dict[str, str]:
    """Describe when, at which commit, on which machine and with which packages a report is written.

    Args:
        params: all parameters.
    """
    tags = commit_tags()
    uncommitted = ", with uncommitted code" if tags.get("git_dirty") == "true" else ""
    packages = {name: importlib.metadata.version(name) for name in _PACKAGES}
    versions = {"Python": platform.python_version(), **packages}
    return {
        "report written": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": tags.get("git_commit", "none")[:10] + uncommitted,
        "DVC experiment": tags.get("dvc_experiment", "none"),
        "processor": f"{os.cpu_count()} cores, {platform.machine()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "torch device": f"{device_name(params.device)} (device: {params.device})",
        "versions": ", ".join(f"{package} {version}" for package, version in versions.items()),
    }


def data_sets(lock: Any, stages: Container[str]) -> Iterator[tuple[str, str, str]]:
    """Yield path, size and MD5 of each data set.

    Args:
        lock: content of dvc.lock.
        stages: stages of the workflow; dvc.lock may also contain former stages.
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
