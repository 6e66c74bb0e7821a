"""A project of one variant, trained and judged in no time, and a store that may fail."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from stages import layout
from stages.logged_model import ServedModel
from stages.outputs import write_json, write_outputs
from stages.record import record_evaluation, record_training
from stages.run import Run
from stages.tracking import continued_run, new_run
from stages.training import Data, Training, over_seeds, train_from, training_outputs
from tests.store_contents import contents

SERVED = """
import mlflow

class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input

mlflow.models.set_model(Echo())
"""
EXAMPLE = np.zeros((1, 2), np.float32)


class Store:
    """A SQLite store that may fail in or after any of its calls."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls = 0
        self.writes: list[str] = []
        self.fails_at, self.answer_is_lost = 0, False

    def call(self, name: str, method: Callable[[], Any]) -> Any:
        self.calls += 1
        failing = 0 < self.fails_at <= self.calls
        if failing and not (self.answer_is_lost and self.calls == self.fails_at):
            raise OSError("the store is away")
        if not name.startswith(("get", "search", "_search")):
            self.writes.append(name)
        answer = method()
        if failing:
            raise OSError("the answer is lost")
        return answer

    @contextmanager
    def failing(self, at: int = 1, *, answer_is_lost: bool = False) -> Iterator[None]:
        self.calls, self.fails_at, self.answer_is_lost = 0, at, answer_is_lost
        yield
        self.fails_at = 0

    def told(self) -> dict[str, Any]:
        experiment = mlflow.get_experiment_by_name("figures")
        folder = self.root / "mlruns" / "figures"
        return contents(mlflow.MlflowClient(), experiment.experiment_id, folder)


def tell_training(run: Run, variant: str) -> None:
    signature = mlflow.models.infer_signature(EXAMPLE, EXAMPLE)
    code = layout.ROOT / "echo.py"
    code.write_text(SERVED)
    record_training(
        run, layout.results("figures", variant), ServedModel(code, signature, EXAMPLE, ("numpy",))
    )


def tell_evaluation(run: Run, variant: str) -> None:
    files = ("metrics.json", "scores.json")
    record_evaluation(run, layout.results("figures", variant), files, "half of it right")


def save_model(folder: Path) -> None:
    (folder / "weights.json").write_text("[1, 2]")


def train() -> None:
    """Do what a training stage does, from two seeds."""
    folder = layout.results("figures", "demo_1")
    data = Data("centred", str(folder / "run.json"), "0a1b", "uint8", (42, 30, 30))

    def train_once(seed: int, place: Path) -> None:
        own = place == folder
        losses = [{"epoch": epoch, "train/loss": seed / epoch} for epoch in (1, 2, 3)]
        for row in losses if own else ():
            run.log_epoch(row["epoch"], row)
        best = {"best/epoch": 3.0, "best/train/loss": seed / 3}
        made = Training("abc" if own else "def", seed, {"layers": [20, 10]}, data, best)
        write_outputs(place, training_outputs(made, pd.DataFrame(losses), save_model))

    with new_run("figures", "demo_1", 7, "abc") as run:
        run.log_parameters({"layers": [20, 10]})
        train_from([7, 8], folder, train_once)
        tell_training(run, "demo_1")


def evaluate(accuracy: float = 0.5) -> None:
    """Do what an evaluation stage does."""
    folder = layout.results("figures", "demo_1")
    (folder / "plots").mkdir(exist_ok=True)
    (folder / "plots" / "losses.png").write_bytes(b"png")
    by_seed = {"7": {"accuracy": accuracy}, "8": {"accuracy": 0.7}}
    write_json(folder / "metrics.json", {"test": by_seed["7"], **over_seeds(by_seed.values())})
    scores = {"test": {"accuracy": accuracy, "recall": {"cross": 1.0}}, "by_seed": by_seed}
    write_json(folder / "scores.json", scores)
    with continued_run("figures", "demo_1", 7, "abc") as run:
        if not run.has_training:
            tell_training(run, "demo_1")
        tell_evaluation(run, "demo_1")
