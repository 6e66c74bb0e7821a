"""What torch computes on, on this machine."""

import torch

__all__ = ["device_name"]


def device_name(device: str) -> str:
    """Return the name of the device that torch computes on where one is asked for.

    Args:
        device: "auto", which takes an accelerator where there is one, "cpu", "cuda" or "mps".

    Returns:
        "CPU", the name of the graphics card, or "MPS" (Apple's Metal Performance Shaders).

    Example:
        >>> device_name("cpu")
        'CPU'
    """
    if device in ("auto", "cuda") and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    if device in ("auto", "mps") and torch.backends.mps.is_available():
        return "MPS"
    return "CPU"
