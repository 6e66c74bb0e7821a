"""A network as two files of a folder: numbers in `network.npz`, the rest in `network.json`."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.checksums import check_checksums, write_checksums
from pipelines.figures.network.network import Network
from pipelines.figures.network.parameters import Parameters

__all__ = ["load_network", "save_network"]

FORMAT = 1


def save_network(network: Network, folder: Path, description: dict[str, Any]) -> None:
    """Save a network; the same network and description give the same bytes.

    Args:
        network: what to save.
        folder: where to write, made if it is missing.
        description: what else belongs to the network, of values that JSON or NumPy knows.
    """
    parameters = network.parameters
    architecture = {
        "format": FORMAT,
        "dtype": str(parameters.vector.dtype),
        "widths": list(parameters.widths),
        "activations": [list(names) for names in network.chain],
    }
    contents = architecture | {"description": description}
    text = json.dumps(contents, indent=2, allow_nan=False, default=np.generic.item)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "network.json").write_text(text + "\n")
    with (folder / "network.npz").open("wb") as file:
        np.savez(file, **_named(parameters))
    write_checksums(folder)


def load_network(folder: Path) -> tuple[Network, dict[str, Any]]:
    """Load what `save_network` saved.

    Returns:
        The network and its description.

    Raises:
        FileNotFoundError: one of the two files is missing.
        ValueError: a file is damaged, or the two do not belong together.
    """
    path = folder / "network.json"
    try:
        check_checksums(folder)
    except ValueError as error:
        raise ValueError(f"{folder}: not a saved network: {error}") from error
    try:
        saved = json.loads(path.read_text())
        if saved["format"] != FORMAT:
            raise ValueError(f"format={saved['format']!r}, expected {FORMAT}")
        network = Network.zeros(
            tuple(saved["widths"]), [tuple(names) for names in saved["activations"]], saved["dtype"]
        )
        description = dict(saved["description"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not the description of a network: {_line(error)}") from error
    _fill(network.parameters, folder / "network.npz")
    return network, description


def _named(parameters: Parameters) -> dict[str, NDArray[np.floating]]:
    names = {}
    for number, arrays in enumerate(zip(parameters.weights, parameters.biases, strict=True), 1):
        names[f"weights_{number}"], names[f"biases_{number}"] = arrays
    return names


def _fill(parameters: Parameters, path: Path) -> None:
    expected = _named(parameters)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}: not the arrays of a network: {_line(error)}") from error
    if arrays.keys() != expected.keys():
        raise ValueError(f"{path}: expected the arrays {', '.join(expected)}")
    for name, target in expected.items():
        array = arrays[name]
        if (array.shape, array.dtype) != (target.shape, target.dtype):
            raise ValueError(
                f"{path}: {name} is {array.dtype}{array.shape}, but network.json asks for "
                f"{target.dtype}{target.shape}"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{path}: {name} holds values that are not finite")
        target[:] = array


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
