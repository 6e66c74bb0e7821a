"""Where a training keeps the checkpoint from which it resumes after it was killed."""

from pathlib import Path

from stages.outputs.hashes import fingerprint
from stages.paths import ROOT, SCRATCH


def checkpoint_folder(stage: str, key: str, device: str) -> Path:
    """Return the checkpoint folder of a training.

    A training finds its checkpoint again only if parameters, data, code and device are the same.

    Args:
        stage: name of the stage and its variant.
        key: fingerprint of parameters, seeds and data.
        device: `device` of params.yaml.
    """
    code = sorted((ROOT / "pipelines").rglob("*.py"))
    everything = fingerprint({"run": key, "device": device}, code)
    return SCRATCH / "checkpoints" / f"{stage}-{everything}"
