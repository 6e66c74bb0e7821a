"""Checkpoints that are written atomically and loaded without pickle's code execution."""

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
    """Checkpoint plugin that writes atomically and loads only tensors and plain values."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write to a temporary file, then rename it.

        If the process is killed, either the new or the previous checkpoint remains.
        """
        partial = Path(path).with_suffix(".partial")
        content = io.BytesIO()
        torch.save(checkpoint, content)  # with a path, torch would hide the OSError of the disk
        try:
            partial.write_bytes(content.getbuffer())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            error.filename = error.filename or str(path)
            raise

    def load_checkpoint(self, path: str | Path, *_: Any, **__: Any) -> dict[str, Any]:
        """Load a checkpoint that holds only tensors and plain values."""
        return torch.load(path, map_location="cpu", weights_only=True)


def resumable(path: Path, module: LightningModule) -> bool:
    """Return whether a checkpoint exists and fits the module.

    Warns if a checkpoint exists but is damaged or has other weights than the module.
    """
    if not path.exists():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            # torch itself does not verify the checksums
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"{damaged} is damaged")
        weights = torch.load(path, map_location="meta", weights_only=True)["state_dict"]
        if _shapes(weights) != _shapes(module.state_dict()):
            raise ValueError("its weights do not fit the module")
    except Exception as error:
        # a damaged file can raise any exception
        reason = str(error).partition("\n")[0]
        warnings.warn(
            f"{path}: checkpoint ignored, training starts from scratch: {reason}", stacklevel=3
        )
        return False
    return True


def _shapes(weights: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in weights.items()}
