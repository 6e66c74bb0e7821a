"""MLflow model of the verifier: returns digit and probabilities of each image.

MLflow runs a copy of this file and of `pipelines`, so this module must not import `stages`.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types import ColSpec, DataType, Schema, TensorSpec

from pipelines.digits.models.verifier import classify, load_verifier

DIGITS = [str(digit) for digit in range(10)]


def signature() -> ModelSignature:
    """Return the MLflow signature.

    The input is an array of grey levels, [count, 28, 28]. The output has a row per image with the
    predicted digit and the probability of each digit.
    """
    images = TensorSpec(np.dtype(np.uint8), (-1, 28, 28), name=None)
    columns = [ColSpec(DataType.long, "digit")]
    columns += [ColSpec(DataType.double, digit) for digit in DIGITS]
    return ModelSignature(inputs=Schema([images]), outputs=Schema(columns))


class ServedVerifier(PythonModel):
    """Classifier of digits."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the verifier from its folder."""
        self.network = load_verifier(Path(context.artifacts["model"]))

    def predict(
        self,
        model_input: np.ndarray,  # MLflow warns about a more specific type hint
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return a row per image: the predicted `digit` and the probability of each digit."""
        probabilities = classify(self.network, np.asarray(model_input, dtype=np.uint8))
        predictions = pd.DataFrame(probabilities, columns=DIGITS).astype(np.float64)
        predictions.insert(0, "digit", probabilities.argmax(axis=1))
        return predictions


mlflow.models.set_model(ServedVerifier())
