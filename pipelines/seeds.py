"""Seeds of the parts of an experiment, all derived from one seed."""

import hashlib

__all__ = ["derive_seed"]


def derive_seed(seed: int, name: str) -> int:
    """Derive the seed of one part of an experiment from the seed of the whole.

    Args:
        seed: Seed of the whole.
        name: Name of the part, such as that of a stage.

    Returns:
        A number below 2³², different for every name and every seed.

    Example:
        >>> derive_seed(42, "imbalance-acquire") < 2**32
        True
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:4])
