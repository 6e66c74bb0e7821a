"""The network as MLflow serves it: posted figures in, the figure's name and the beliefs out.

MLflow runs a copy of this file beside a copy of `pipelines`, so it imports nothing from `stages`.
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
    """Say what the model takes and gives.

    Args:
        shape: height and width of a figure in pixels.

    Returns:
        The signature: images `[count, height, width]` of zeros and ones in; per image the name of
        the figure and the probability of each class out.
    """
    columns = [ColSpec(DataType.string, "figure")]
    columns += [ColSpec(DataType.double, name) for name in CLASSES]
    images = TensorSpec(np.dtype(np.uint8), (-1, *shape), name=None)
    return ModelSignature(inputs=Schema([images]), outputs=Schema(columns))


class ServedNetwork(PythonModel):
    """Answers with the figure that the network sees in each posted image."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the network from its folder."""
        self.classifier = NetworkClassifier.load(Path(context.artifacts["model"]))

    def predict(
        self,
        model_input: np.ndarray,  # MLflow warns about any closer hint
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return a row per image: `figure`, then a probability per class."""
        pixels = np.asarray(model_input).reshape(len(model_input), -1)
        beliefs = self.classifier.predict_proba(pixels)
        answer = pd.DataFrame(beliefs, columns=list(CLASSES)).astype(np.float64)
        answer.insert(0, "figure", [CLASSES[best] for best in beliefs.argmax(axis=1)])
        return answer


mlflow.models.set_model(ServedNetwork())
