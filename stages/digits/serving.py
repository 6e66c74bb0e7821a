"""MLflow model of an autoencoder: returns reconstructions, anomaly scores and samples.

MLflow runs a copy of this file and of `pipelines`, so this module must not import `stages`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.models import ModelSignature
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types import ParamSchema, ParamSpec, Schema, TensorSpec

from pipelines.digits.models.saving import load_trained_autoencoder

MAX_SAMPLES = 1000


def signature(shape: Sequence[int]) -> ModelSignature:
    """Return the MLflow signature.

    The input is an array of grey levels, [count, *shape]. The outputs are the reconstructions, the
    reconstruction errors, the anomaly scores, and as many generated images as the parameter
    `samples` requests.

    Args:
        shape: Height and width of an image, followed by its channels if it has several.
    """
    images = (-1, *shape)
    return ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(np.uint8), images, name=None)]),
        outputs=Schema(
            [
                TensorSpec(np.dtype(np.uint8), images, name="reconstruction"),
                TensorSpec(np.dtype(np.float64), (-1,), name="reconstruction_error"),
                TensorSpec(np.dtype(np.float64), (-1,), name="anomaly_score"),
                TensorSpec(np.dtype(np.uint8), images, name="samples"),
            ]
        ),
        params=ParamSchema(
            [
                ParamSpec("samples", "long", 0),
                ParamSpec("sampler", "string", "mixture"),
                ParamSpec("seed", "long", 0),
            ]
        ),
    )


class ServedAutoencoder(PythonModel):
    """Autoencoder that reconstructs and scores images, and generates new ones."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the autoencoder from its folder."""
        self.trained = load_trained_autoencoder(Path(context.artifacts["model"]))

    def predict(
        self,
        model_input: np.ndarray,  # MLflow warns about a more specific type hint
        params: dict[str, Any] | None = None,
    ) -> dict[str, np.ndarray]:
        """Return the arrays that `signature` describes, by name."""
        request = {"samples": 0, "sampler": "mixture", "seed": 0} | (params or {})
        count, sampler, seed = request["samples"], request["sampler"], request["seed"]
        if not 0 <= count <= MAX_SAMPLES:
            raise mlflow.MlflowException.invalid_parameter_value(
                f"samples = {count}: must be from 0 to {MAX_SAMPLES}"
            )
        if sampler not in ("prior", "mixture"):
            raise mlflow.MlflowException.invalid_parameter_value(
                f"sampler = {sampler!r}: must be prior or mixture"
            )
        if not 0 <= seed < 2**63:
            raise mlflow.MlflowException.invalid_parameter_value(
                f"seed = {seed}: must be from 0 to 2**63 - 1"
            )
        images = np.asarray(model_input, dtype=np.uint8)
        samples = (
            self.trained.sample(count, sampler, self.trained.channels, seed=seed)
            if count
            else np.empty((0, *images.shape[1:]), np.uint8)
        )
        scores = self.trained.anomaly_scores(images)
        return {
            "reconstruction": self.trained.reconstruct(images),
            "reconstruction_error": scores.errors.astype(np.float64),
            "anomaly_score": scores.density_corrected,
            "samples": samples,
        }


mlflow.models.set_model(ServedAutoencoder())
