"""A forecaster as MLflow serves it: recent rows and plans in, two hours of imbalance out.

MLflow runs a copy of this file beside a copy of `pipelines`, so it imports nothing from `stages`.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.pyfunc import PythonModel, PythonModelContext
from mlflow.types import ColSpec, DataType, Schema

from pipelines.imbalance.data.schema import COLUMNS, STEP, TIME
from pipelines.imbalance.evaluation.scores import PERCENTS
from pipelines.imbalance.features.features import HISTORY
from pipelines.imbalance.forecasters.forecast_request import ROWS_AHEAD, forecast_ahead
from pipelines.imbalance.forecasters.trained_forecaster import load_trained_forecaster

CLOCK = "%Y-%m-%d %H:%M:%S"

#: Packages that a server needs, pinned at the versions installed here.
REQUIREMENTS = (
    "holidays",
    "mlflow",
    "numpy",
    "pandas",
    "pandera",
    "safetensors",
    "scikit-learn",
    "scipy",
    "skops",
    "torch",
)


def signature() -> ModelSignature:
    """Say what the model takes and gives.

    Returns:
        The signature: rows of five minutes in, those up to now and the 24 of the next two hours,
        whose y is null; a row for each step of the forecast out.
    """
    columns = [ColSpec(DataType.string, TIME)]
    columns += [ColSpec(DataType.double, name) for name in COLUMNS]
    answer = [
        ColSpec(DataType.string, "origin"),
        ColSpec(DataType.long, "step"),
        ColSpec(DataType.string, "time"),
        ColSpec(DataType.double, "forecast"),
    ]
    answer += [
        ColSpec(DataType.double, f"{side}_{percent}")
        for percent in PERCENTS
        for side in ("lower", "upper")
    ]
    return ModelSignature(inputs=Schema(columns), outputs=Schema(answer))


def example(table: pd.DataFrame) -> pd.DataFrame:
    """Make the shortest request that is answered from the end of a table.

    Args:
        table: in rows of 5 or 15 minutes; those of 15 are repeated.
    """
    end = table.index[-1] + (table.index[1] - table.index[0])
    clock = pd.date_range(table.index[0], end, freq=STEP, inclusive="left")
    fine = table.reindex(clock, method="ffill")
    rows = fine.iloc[-(int(HISTORY / STEP) + 3 + ROWS_AHEAD) :].copy()
    rows.iloc[-ROWS_AHEAD:, rows.columns.get_loc("y")] = np.nan
    rows.index = rows.index.strftime(CLOCK).rename(TIME)
    return rows.reset_index()


class ServedForecaster(PythonModel):
    """Answers with the imbalance of the next two hours, step by step, with its intervals."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the forecaster from its folder."""
        self.trained = load_trained_forecaster(Path(context.artifacts["model"]))

    def predict(
        self,
        model_input: pd.DataFrame,  # MLflow warns about any closer hint
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return a row a step: see `signature`."""
        try:
            answer = forecast_ahead(self.trained, model_input)
        except ValueError as problem:
            raise mlflow.MlflowException.invalid_parameter_value(str(problem)) from None
        for name in ("origin", "time"):
            answer[name] = answer[name].dt.strftime(CLOCK)
        return answer.astype({"step": np.int64})


mlflow.models.set_model(ServedForecaster())
