"""The results that the documentation shows, by their hashes in dvc.lock."""

import json

from stages import paths
from stages.errors import StageError
from stages.outputs.atomic import read_yaml
from stages.outputs.hashes import dvc_md5

FILE = paths.ROOT / "docs" / "sources.json"
_NAMES = ("scores.json", "plots", "samples.npz", "forecasts.parquet", "predictions.csv")


def recorded_sources() -> dict[str, str]:
    """Return the hash that dvc.lock has for every result that the documentation uses."""
    stages = read_yaml(paths.LOCK)["stages"].values()
    outputs = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", [])}
    return {
        path: md5
        for path, md5 in sorted(outputs.items())
        if path.startswith("results/") and path.endswith(_NAMES)
    }


def save_sources() -> None:
    """Save the hashes of the results that the documentation was written from.

    Raises:
        StageError: A result is missing, or differs from dvc.lock.
    """
    sources = recorded_sources()
    for path, md5 in sources.items():
        file = paths.ROOT / path
        if not file.exists() or dvc_md5(file) != md5:
            raise StageError(f"{path} is not the one that dvc.lock records; run `make repro`")
    FILE.write_text(json.dumps(sources, indent=1) + "\n", encoding="utf-8")


def saved_sources() -> dict[str, str]:
    """Return the hashes that `save_sources` saved."""
    sources: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return sources
