"""Saving a network classifier in a folder, and loading it again, without pickle."""

from numbers import Integral
from pathlib import Path
from typing import Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from pipelines.figures.hyperparameters import check_hyperparameters
from pipelines.figures.network.saving import load_network, save_network

__all__ = ["SavedInFolder"]


class SavedInFolder:
    """The methods `save` and `load` of a network classifier."""

    def save(self, folder: Path) -> None:
        """Save the classifier as `network.npz` and `network.json`.

        The same classifier gives the same bytes. A `random_state` other than a number is left out.

        Args:
            folder: where to write; made if it is missing.
        """
        check_is_fitted(self)
        parameters = self.get_params()
        if not isinstance(self.random_state, Integral):
            parameters["random_state"] = None
        description = {
            "parameters": parameters,
            "classes": self.classes_.tolist(),
            "classes_dtype": self.classes_.dtype.str,
            "history": self.history_,
        }
        save_network(self.network_, Path(folder), description)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load a classifier that `save` wrote.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file is damaged, or not of a classifier.
        """
        network, description = load_network(Path(folder))
        try:
            classifier = cls(**description["parameters"])
            check_hyperparameters(classifier.get_params())
            classifier.classes_ = np.array(
                description["classes"], dtype=description["classes_dtype"]
            )
            classifier.history_ = list(description["history"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{folder}: not a saved classifier: {error}") from error
        classifier.n_features_in_ = network.parameters.widths[0]
        if (network.parameters.widths, network.chain) != classifier._architecture():
            raise ValueError(f"{folder}: the network does not go with the classifier's parameters")
        classifier.network_ = network
        return classifier
