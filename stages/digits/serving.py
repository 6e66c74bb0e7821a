"""An autoencoder as MLflow serves it: posted images in, drawn again and judged; samples on request.

MLflow runs a copy of this file beside a copy of `pipelines`, so it imports nothing from `stages`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.models import ModelSignature
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types import ParamSchema, ParamSpec, Schema, TensorSpec

from pipelines.digits.models.trained_autoencoder import load_trained_autoencoder

MOST_SAMPLES = 1000


def signature(shape: Sequence[int]) -> ModelSignature:
    """Say what the model takes and gives.

    Args:
        shape: height and width of an image, and its channels if it has several.

    Returns:
        The signature: grey levels in; out come the images drawn again, how strange each is, and
        `samples` new images.
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
    """Answers with each posted image drawn again and judged, and with new images."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the autoencoder from its folder."""
        self.trained = load_trained_autoencoder(Path(context.artifacts["model"]))

    def predict(
        self,
        model_input: np.ndarray,  # MLflow warns about any closer hint
        params: dict[str, Any] | None = None,
    ) -> dict[str, np.ndarray]:
        """Return arrays by name, a row per image: see `signature`."""
        asked = {"samples": 0, "sampler": "mixture", "seed": 0} | (params or {})
        if not 0 <= asked["samples"] <= MOST_SAMPLES:
            raise mlflow.MlflowException.invalid_parameter_value(
                f"samples: {asked['samples']}, 0 to {MOST_SAMPLES} expected"
            )
        if asked["sampler"] not in ("prior", "mixture"):
            raise mlflow.MlflowException.invalid_parameter_value(
                f"sampler: {asked['sampler']!r}, prior or mixture expected"
            )
        if not 0 <= asked["seed"] < 2**63:
            raise mlflow.MlflowException.invalid_parameter_value(
                f"seed: {asked['seed']}, at least 0 expected"
            )
        images = np.asarray(model_input, dtype=np.uint8)
        count = asked["samples"]
        samples = (
            self.trained.sample(count, asked["sampler"], self.trained.channels, seed=asked["seed"])
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
