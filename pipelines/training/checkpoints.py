"""Checkpoints of a training that survive being killed, and that execute nothing when loaded."""

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import LightningModule
from torch import Tensor

__all__ = ["AtomicCheckpointIO", "resumable"]


class AtomicCheckpointIO(TorchCheckpointIO):
    """Checkpoints that are whole or not there at all, and that execute nothing when loaded."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write beside the final place, then rename: a kill leaves this checkpoint or the last."""
        partial = Path(path).with_suffix(".partial")
        content = io.BytesIO()
        torch.save(checkpoint, content)  # given a path, it would hide what the disk says
        try:
            partial.write_bytes(content.getbuffer())
            partial.replace(path)
        except OSError as problem:
            partial.unlink(missing_ok=True)
            problem.filename = problem.filename or str(path)
            raise

    def load_checkpoint(self, path: str | Path, *_: Any, **__: Any) -> dict[str, Any]:
        """Read tensors and plain values only."""
        return torch.load(path, map_location="cpu", weights_only=True)


def resumable(path: Path, module: LightningModule) -> bool:
    """Return whether a checkpoint exists and fits the module; warn if one exists that does not."""
    if not path.exists():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            # torch itself does not look at the checksums
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"{damaged} is damaged")
        found = torch.load(path, map_location="meta", weights_only=True)["state_dict"]
        if _shapes(found) != _shapes(module.state_dict()):
            raise ValueError("it belongs to another module")
    except Exception as error:
        # a damaged file can raise anything at all
        reason = str(error).partition("\n")[0]
        warnings.warn(f"{path}: checkpoint ignored, training starts afresh: {reason}", stacklevel=3)
        return False
    return True


def _shapes(weights: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in weights.items()}
