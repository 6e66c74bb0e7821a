"""Where a training keeps the checkpoint that it goes on from after it has been killed."""

from pathlib import Path

from stages.layout import ROOT, SCRATCH
from stages.outputs import fingerprint


def checkpoint_folder(stage: str, key: str, device: str) -> Path:
    """Return a folder that belongs to one training alone, and is found again by the same training.

    It goes on from its checkpoint only where nothing at all has changed.

    Args:
        stage: name of the stage, and of its variant if it has any.
        key: fingerprint of parameters, seed and data.
        device: `device` of params.yaml.
    """
    code = sorted((ROOT / "pipelines").rglob("*.py"))
    everything = fingerprint({"run": key, "device": device}, code)
    return SCRATCH / f"{stage}-{everything}"
