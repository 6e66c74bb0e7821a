"""The verifier as MLflow serves it: posted images of digits in, the digit and the beliefs out.

MLflow runs a copy of this file beside a copy of `pipelines`, so it imports nothing from `stages`.
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
    """Say what the model takes and gives: grey levels in; the digit and each one's probability."""
    images = TensorSpec(np.dtype(np.uint8), (-1, 28, 28), name=None)
    columns = [ColSpec(DataType.long, "digit")]
    columns += [ColSpec(DataType.double, digit) for digit in DIGITS]
    return ModelSignature(inputs=Schema([images]), outputs=Schema(columns))


class ServedVerifier(PythonModel):
    """Answers with the digit that the verifier reads in each posted image."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the verifier from its folder."""
        self.network = load_verifier(Path(context.artifacts["model"]))

    def predict(
        self,
        model_input: np.ndarray,  # MLflow warns about any closer hint
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return a row per image: `digit`, then a probability for each digit."""
        beliefs = classify(self.network, np.asarray(model_input, dtype=np.uint8))
        answer = pd.DataFrame(beliefs, columns=DIGITS).astype(np.float64)
        answer.insert(0, "digit", beliefs.argmax(axis=1))
        return answer


mlflow.models.set_model(ServedVerifier())
