"""MLflow model of a network: returns class and probabilities of each figure.

MLflow runs a copy of this file and of `pipelines`, so this module must not import `stages`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types import ColSpec, DataType, Schema, TensorSpec

from pipelines.figures.classifier import NetworkClassifier
from pipelines.figures.data.drawing import CLASSES


def signature(shape: Sequence[int]) -> ModelSignature:
    """Return the MLflow signature.

    The input is an array of zeros and ones, [count, height, width]. The output has a row per image
    with the predicted class and the probability of each class.

    Args:
        shape: Height and width of a figure, in pixels.
    """
    columns = [ColSpec(DataType.string, "figure")]
    columns += [ColSpec(DataType.double, name) for name in CLASSES]
    images = TensorSpec(np.dtype(np.uint8), (-1, *shape), name=None)
    return ModelSignature(inputs=Schema([images]), outputs=Schema(columns))


class ServedNetwork(PythonModel):
    """Classifier of figures."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the network from its folder."""
        self.classifier = NetworkClassifier.load(Path(context.artifacts["model"]))

    def predict(
        self,
        model_input: np.ndarray,  # MLflow warns about a more specific type hint
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return a row per image: the predicted class `figure` and the class probabilities."""
        pixels = np.asarray(model_input).reshape(len(model_input), -1)
        probabilities = self.classifier.predict_proba(pixels)
        predictions = pd.DataFrame(probabilities, columns=list(CLASSES)).astype(np.float64)
        predictions.insert(0, "figure", [CLASSES[best] for best in probabilities.argmax(axis=1)])
        return predictions


mlflow.models.set_model(ServedNetwork())
