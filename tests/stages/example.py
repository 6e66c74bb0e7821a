"""Example pipeline with tiny models, which runs the real functions of all stages."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from stages import paths
from stages.outputs.atomic import json_writer
from stages.outputs.metrics import Metric
from stages.outputs.ranking import Ranking
from stages.outputs.training import Data, best_epoch
from stages.params.section import Seeded
from stages.runner.evaluate_variant import Primary, evaluate_variant
from stages.runner.log import log_models
from stages.runner.pipeline import Pipeline, Section
from stages.runner.train_variant import OnEpoch, Trained, train_variant
from stages.tracking.log_results import RunContent, log_results
from stages.tracking.model import ServedModel
from tests.store_contents import contents

ACCURACY = Metric("accuracy", "accuracy", ".1%", better="higher", note="it ranks")
LOSS = Metric("loss", "loss", ".3f", "nats", "lower")
RANKING = Ranking(ACCURACY, LOSS)
EXAMPLE = np.zeros((1, 2), np.float32)
SERVED = """
import mlflow

class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input

mlflow.models.set_model(Echo())
"""


class Settings(Seeded):
    """The parameters of a variant."""

    width: int


def served(_training: object) -> ServedModel:
    code = paths.ROOT / "echo.py"
    code.write_text(SERVED)
    signature = mlflow.models.infer_signature(EXAMPLE, EXAMPLE)
    return ServedModel(code, signature, EXAMPLE, ("numpy",))


CONTENT = RunContent(
    description=lambda scores, training: f"{scores['accuracy']:.0%}, {training.parameters}",
    served=served,
    artifacts=("metrics.json", "scores.json", "absent.csv"),
)
PIPELINE = Pipeline(
    name="figures",
    variants=lambda params: {"small": Settings(width=2, seeds=1)},
    metrics=(ACCURACY, LOSS),
    ranking=RANKING,
    content=lambda: CONTENT,
    tasks=("dataset",),
    compared_parameters=("width",),
    section=Section(purpose="Numbers are learnt.", describe=lambda settings: [], plots={}),
)


def losses(seed: int) -> pd.DataFrame:
    """Return the history of a training run."""
    rows = [
        {
            "epoch": epoch,
            "train/loss": seed % 97 / epoch,
            "validation/loss": 1 / epoch,
            "test/x": 9.0,
        }
        for epoch in (1, 2, 3)
    ]
    return pd.DataFrame(rows)


def train(
    variant: str = "small",
    seeds: int | list[int] = 1,
    width: int = 2,
    during: Callable[[int, Path], object] = lambda seed, checkpoints: None,
) -> str:
    """Train a variant like a stage. `during` is called in each training run."""
    file = paths.ROOT / "data.bin"
    if not file.exists():
        file.write_bytes(bytes(8))
    data = Data.of("zeros", file, np.zeros((2, 4), np.uint8))

    def train_once(seed: int, checkpoints: Path, on_epoch: OnEpoch) -> Trained:
        history = losses(seed)
        for row in history.to_dict("records"):
            on_epoch(int(row["epoch"]), row)
        during(seed, checkpoints)
        save = lambda folder: (folder / "weights.json").write_text(f"[{seed}]")  # noqa: E731
        return Trained(save, history, best_epoch(history), f"learnt {width}")

    params: Any = SimpleNamespace(seed=7, device="cpu")
    settings, context = Settings(width=width, seeds=seeds), {"dataset": "zeros"}
    return train_variant("figures-train", params, variant, settings, data, train_once, context)


def evaluate(variant: str = "small", accuracy: float = 0.5, pipeline: Pipeline = PIPELINE) -> str:
    """Evaluate a variant like a stage, and log it."""

    def score(weights: list[int]) -> tuple[Mapping[str, Any], str]:
        scores = {"accuracy": accuracy, "loss": weights[0] / 2**32, "recall": {"cross": 1.0}}
        return scores, f"drawn with {weights[0]}"

    def outputs(of: Primary[list[int], str]) -> Mapping[str, Any]:
        def draw(folder: Path) -> None:
            folder.mkdir()
            (folder / "losses.png").write_text(of.evaluation)

        return {"plots": draw}

    def load(folder: Path) -> list[int]:
        return json.loads((folder / "weights.json").read_text())

    message = lambda scores: f"accuracy {scores['accuracy']:.1%}"  # noqa: E731
    return evaluate_variant(pipeline, variant, load, score, outputs, message)


def compare(variant: str, p_value: float) -> None:
    """Write the comparison of a variant with another one."""
    json_writer({"p_value": p_value})(folder(variant) / "comparison.json")


def log(variant: str = "small") -> bool:
    """Log the results of a variant."""
    return log_results("figures", variant, CONTENT)


def log_tolerantly(variant: str = "small") -> dict[str, bool]:
    """Log the results of a variant like a stage, which tolerates failures of the store."""
    return log_models(PIPELINE, [variant])


def folder(variant: str = "small") -> Path:
    return paths.results("figures", variant)


def runs(client: mlflow.MlflowClient) -> list[mlflow.entities.Run]:
    """Return all runs, the earliest first."""
    experiment = client.get_experiment_by_name("figures")
    order = ["attributes.start_time ASC"]
    return client.search_runs([experiment.experiment_id], order_by=order) if experiment else []


def held(client: mlflow.MlflowClient) -> dict[str, Any]:
    """Return the contents of the store, by variant."""
    experiment = client.get_experiment_by_name("figures")
    place = paths.ROOT / "mlruns" / "figures"
    return contents(client, experiment.experiment_id, place) if experiment else {}
