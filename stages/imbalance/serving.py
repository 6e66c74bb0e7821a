"""MLflow model of a forecaster: returns the imbalance of the next two hours with intervals.

MLflow runs a copy of this file and of `pipelines`, so this module must not import `stages`.
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

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

#: Packages that a server needs. MLflow pins the installed versions.
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
    """Return the MLflow signature.

    The input is a table of five-minute rows: the recent ones and the 24 of the next two hours,
    whose `y` is null. The output has a row for each step of the forecast.
    """
    columns = [ColSpec(DataType.string, TIME)]
    columns += [ColSpec(DataType.double, name) for name in COLUMNS]
    outputs = [
        ColSpec(DataType.string, "origin"),
        ColSpec(DataType.long, "step"),
        ColSpec(DataType.string, "time"),
        ColSpec(DataType.double, "forecast"),
    ]
    outputs += [
        ColSpec(DataType.double, f"{side}_{percent}")
        for percent in PERCENTS
        for side in ("lower", "upper")
    ]
    return ModelSignature(inputs=Schema(columns), outputs=Schema(outputs))


def example(table: pd.DataFrame) -> pd.DataFrame:
    """Return the shortest valid input, from the end of a table.

    Args:
        table: Rows of 5 or 15 minutes. Rows of 15 minutes are repeated.
    """
    end = table.index[-1] + (table.index[1] - table.index[0])
    times = pd.date_range(table.index[0], end, freq=STEP, inclusive="left")
    five_minute_rows = table.reindex(times, method="ffill")
    rows = five_minute_rows.iloc[-(int(HISTORY / STEP) + 3 + ROWS_AHEAD) :].copy()
    rows.iloc[-ROWS_AHEAD:, rows.columns.get_loc("y")] = np.nan
    rows.index = rows.index.strftime(TIME_FORMAT).rename(TIME)
    return rows.reset_index()


class ServedForecaster(PythonModel):
    """Forecaster of the imbalance, with prediction intervals."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the forecaster from its folder."""
        self.trained = load_trained_forecaster(Path(context.artifacts["model"]))

    def predict(
        self,
        model_input: pd.DataFrame,  # MLflow warns about a more specific type hint
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return a row for each step of the forecast (see `signature`)."""
        try:
            forecast = forecast_ahead(self.trained, model_input)
        except ValueError as problem:
            raise mlflow.MlflowException.invalid_parameter_value(str(problem)) from None
        for name in ("origin", "time"):
            forecast[name] = forecast[name].dt.strftime(TIME_FORMAT)
        return forecast.astype({"step": np.int64})


mlflow.models.set_model(ServedForecaster())
