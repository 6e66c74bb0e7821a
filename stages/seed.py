"""The seeds of the stages, all derived from the one seed of params.yaml."""

import hashlib


def stage_seed(seed: int, stage: str) -> int:
    """Derive one stage's seed from the one seed of the project.

    Args:
        seed: `seed` of params.yaml.
        stage: name of the stage as DVC shows it, for example `figures-train@demo_1`.

    Returns:
        A number below 2³², different for every stage and every seed.
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {stage}".encode()).digest()[:4])
