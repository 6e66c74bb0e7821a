"""Seeds of the components of an experiment, all derived from one seed."""

import hashlib

__all__ = ["derive_seed"]


def derive_seed(seed: int, name: str) -> int:
    """Derive the seed of one component from the seed of the experiment.

    Args:
        seed: Seed of the experiment.
        name: Name of the component, such as a stage.

    Returns:
        A number below 2³², practically unique to the pair of seed and name.

    Example:
        >>> derive_seed(42, "imbalance-acquire") < 2**32
        True
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:4])
