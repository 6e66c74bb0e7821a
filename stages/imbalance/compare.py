"""Stage `imbalance-compare`: all variants beside each other, and what sets them apart for sure."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from pipelines.imbalance.forecast_file import read_losses
from pipelines.imbalance.forecast_plots import error_by_step
from pipelines.imbalance.resolution import Clock
from pipelines.imbalance.significance import diebold_mariano
from pipelines.pictures import save_picture
from stages.command import in_one_line, read_input, relative, run_stage
from stages.imbalance.record import record_comparison, record_evaluation, record_training
from stages.layout import comparison, results
from stages.outputs import whole, write_json
from stages.params import Params
from stages.record import read_scores
from stages.tracking import continued_run
from stages.training import read_training

STEP_METRIC = re.compile(r"rmse_step_\d+")


def compare(params: Params) -> str:
    """Test what sets the variants apart, and draw them beside each other."""
    settings = params.imbalance
    names = sorted(settings.variants)
    scores = {
        name: read_input(read_scores, results("imbalance", name) / "scores.json")["test"]
        for name in names
    }
    losses = {
        name: read_input(read_losses, results("imbalance", name) / "forecasts.parquet")
        for name in names
    }
    horizon = Clock(settings.resolution).horizon
    with in_one_line(ValueError):
        tests = tested(losses, settings.reference, horizon)

    folder = comparison("imbalance")
    with whole(folder / "plots") as draft:
        draft.mkdir()
        curves = {name: by_step(scores[name]) for name in names}
        save_picture(error_by_step(curves, settings.resolution), draft / "error_by_step.png")
    write_json(folder / "metrics.json", tests)
    for name in names:
        training = read_input(read_training, results("imbalance", name))
        with continued_run("imbalance", name, training.seed, training.fingerprint) as run:
            if not run.has_training:
                record_training(run, name)
                record_evaluation(run, name)
            record_comparison(run, name)
    best = min(names, key=lambda name: scores[name]["rmse"])
    return (
        f"{best} leads {len(names)} variants with an RMSE of {scores[best]['rmse']:.1f} MW "
        f"→ {relative(folder)}/metrics.json"
    )


def by_step(scores: Mapping[str, float]) -> np.ndarray:
    """Pick the error of each step."""
    return np.array([scores[name] for name in sorted(scores) if STEP_METRIC.fullmatch(name)])


def tested(
    losses: Mapping[str, pd.Series], reference: str, horizon: int
) -> dict[str, dict[str, float]]:
    """Test every variant but the reference against it.

    Raises:
        ValueError: two were judged on different origins, or on too few.
    """
    others = {}
    for name in losses.keys() - {reference}:
        if not losses[name].index.equals(losses[reference].index):
            raise ValueError(f"{name} and {reference} were judged on different origins")
        test = diebold_mariano(losses[name].to_numpy(), losses[reference].to_numpy(), horizon)
        others[name] = {
            f"diebold_mariano_against_{reference}": test.statistic,
            f"p_value_against_{reference}": test.p_value,
        }
    return dict(sorted(others.items()))


if __name__ == "__main__":
    run_stage("imbalance-compare", compare)
