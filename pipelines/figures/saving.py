"""Saving and loading of a network classifier without pickle."""

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
    """Mixin with the methods `save` and `load` of a network classifier."""

    def save(self, folder: Path) -> None:
        """Save the classifier as `network.npz` and `network.json`.

        The files are deterministic: equal classifiers give equal bytes. A `random_state` that is
        not a number is not saved.

        Args:
            folder: The folder to write to, created if it does not exist.

        Raises:
            ValueError: If the hyperparameters changed after training and describe another network.
        """
        check_is_fitted(self, "network_")
        self._check_network()
        layers = [_layer_to_json(layer) for layer in self.layers]
        parameters = self.get_params() | {"layers": layers}
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
        """Load a classifier written by `save`.

        Raises:
            FileNotFoundError: If a file is missing.
            ValueError: If a file is damaged or does not belong to a classifier.
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
            layers = [_layer_from_json(layer) for layer in saved["parameters"]["layers"]]
            classifier = cls(**saved["parameters"] | {"layers": layers})
            check_hyperparameters(classifier.get_params())
            classifier.classes_ = np.array(saved["classes"], dtype=saved["classes_dtype"])
            classifier.history_ = list(saved["history"])
            classifier.n_features_in_ = saved["features"]
            classifier.network_ = classifier._network(len(classifier.classes_))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: not a saved classifier: {_first_line(error)}") from error
        _load_parameters(classifier.network_, folder / "network.npz")
        return classifier


def _layer_to_json(layer: Any) -> Any:
    """Return a pair as it is, and any other layer as its name and its settings."""
    return layer if isinstance(layer, Sequence) else {type(layer).__name__: asdict(layer)}


def _layer_from_json(content: Any) -> Any:
    if not isinstance(content, dict):
        return content
    ((name, settings),) = content.items()
    return LAYERS[name](**settings)


def _named_arrays(network: Network) -> dict[str, NDArray[np.floating]]:
    arrays = {}
    parameters = filter(None, network.split(network.vector))
    for number, (weights, biases) in enumerate(parameters, 1):
        arrays[f"weights_{number}"], arrays[f"biases_{number}"] = weights, biases
    return arrays


def _load_parameters(network: Network, path: Path) -> None:
    expected = _named_arrays(network)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}: not the arrays of a network: {_first_line(error)}") from error
    if arrays.keys() != expected.keys():
        raise ValueError(f"{path}: expected the arrays {', '.join(expected)}")
    for name, target in expected.items():
        array = arrays[name]
        if (array.shape, array.dtype) != (target.shape, target.dtype):
            raise ValueError(
                f"{path}: {name} is {array.dtype}{array.shape}, but network.json expects "
                f"{target.dtype}{target.shape}"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{path}: {name} has values that are not finite")
        target[:] = array


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
