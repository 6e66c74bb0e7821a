"""The device that torch computes on."""

import torch

__all__ = ["device_name"]


def device_name(device: str) -> str:
    """Return the name of the hardware that a device setting selects on this machine.

    Args:
        device: "cpu", "cuda", "mps", or "auto" for an accelerator if one is available.

    Returns:
        "CPU", the name of the GPU, or "MPS" (Apple's Metal Performance Shaders).

    Example:
        >>> device_name("cpu")
        'CPU'
    """
    if device in ("auto", "cuda") and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    if device in ("auto", "mps") and torch.backends.mps.is_available():
        return "MPS"
    return "CPU"
