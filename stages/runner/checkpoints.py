"""Folders of checkpoints, from which an interrupted training run resumes."""

from pathlib import Path

from stages.outputs.hashes import fingerprint
from stages.paths import ROOT, SCRATCH


def checkpoint_folder(stage: str, key: str, device: str) -> Path:
    """Return the checkpoint folder of a training run.

    The name depends on parameters, seeds, data, code and device, so a change of any of them starts
    from scratch.

    Args:
        stage: Name of the stage and its variant.
        key: Fingerprint of parameters, seeds and data.
        device: The parameter `device`.
    """
    code = sorted((ROOT / "pipelines").rglob("*.py"))
    digest = fingerprint({"run": key, "device": device}, code)
    return SCRATCH / "checkpoints" / f"{stage}-{digest}"
