"""Ways to damage a file of a saved model, each a function of the model's folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

Damage = Callable[[Path], None]


def cut(name: str) -> Damage:
    """Takes away the last 30 bytes."""

    def write(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:-30])

    return write


def edit(name: str, **changes: Any) -> Damage:
    """Adds or replaces entries of a JSON object."""

    def write(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return write


def lose_a_weight(name: str) -> Damage:
    """Takes one array out of a safetensors file."""

    def drop_a_weight(folder: Path) -> None:
        weights = load_file(folder / name)
        weights.popitem()
        save_file(weights, folder / name)

    return drop_a_weight
