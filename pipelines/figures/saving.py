"""Saving a network classifier in a folder, and loading it again, without pickle."""

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from pipelines.checksums import check_checksums, write_checksums
from pipelines.figures.hyperparameters import check_hyperparameters
from pipelines.figures.network.layers import LAYERS
from pipelines.figures.network.network import Network

__all__ = ["SavedInFolder"]

FORMAT = 2


class SavedInFolder:
    """The methods `save` and `load` of a network classifier."""

    def save(self, folder: Path) -> None:
        """Save the classifier as `network.npz` and `network.json`.

        The same classifier gives the same bytes. A `random_state` other than a number is left out.

        Args:
            folder: where to write; made if it is missing.

        Raises:
            ValueError: the parameters were changed since, and describe another network.
        """
        check_is_fitted(self, "network_")
        self._check_network()
        parameters = self.get_params() | {"layers": [_described(each) for each in self.layers]}
        if not isinstance(self.random_state, Integral):
            parameters["random_state"] = None
        contents = {
            "format": FORMAT,
            "parameters": parameters,
            "features": self.n_features_in_,
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "history": self.history_,
        }
        text = json.dumps(contents, indent=2, allow_nan=False, default=np.generic.item)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "network.json").write_text(text + "\n")
        with (folder / "network.npz").open("wb") as file:
            np.savez(file, **_named_arrays(self.network_))
        write_checksums(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load a classifier that `save` wrote.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file is damaged, or not of a classifier.
        """
        folder = Path(folder)
        path = folder / "network.json"
        try:
            check_checksums(folder)
        except ValueError as error:
            raise ValueError(f"{folder}: not a saved classifier: {error}") from error
        try:
            saved = json.loads(path.read_text())
            if saved["format"] != FORMAT:
                raise ValueError(f"format={saved['format']!r}, expected {FORMAT}")
            layers = [_layer(each) for each in saved["parameters"]["layers"]]
            classifier = cls(**saved["parameters"] | {"layers": layers})
            check_hyperparameters(classifier.get_params())
            classifier.classes_ = np.array(saved["classes"], dtype=saved["classes_dtype"])
            classifier.history_ = list(saved["history"])
            classifier.n_features_in_ = saved["features"]
            classifier.network_ = classifier._network(len(classifier.classes_))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: not a saved classifier: {_line(error)}") from error
        _fill(classifier.network_, folder / "network.npz")
        return classifier


def _described(layer: Any) -> Any:
    """Return a hidden layer as JSON: a pair stays, another is its name and its settings."""
    return layer if isinstance(layer, Sequence) else {type(layer).__name__: asdict(layer)}


def _layer(described: Any) -> Any:
    if not isinstance(described, dict):
        return described
    ((name, settings),) = described.items()
    return LAYERS[name](**settings)


def _named_arrays(network: Network) -> dict[str, NDArray[np.floating]]:
    names = {}
    parameters = filter(None, network.split(network.vector))
    for number, (weights, biases) in enumerate(parameters, 1):
        names[f"weights_{number}"], names[f"biases_{number}"] = weights, biases
    return names


def _fill(network: Network, path: Path) -> None:
    expected = _named_arrays(network)
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
