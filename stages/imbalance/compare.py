"""Stage `imbalance-compare`: all variants beside each other, and what sets them apart for sure."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.imbalance.forecast_file import read_losses
from pipelines.imbalance.forecast_plots import error_by_step
from pipelines.imbalance.resolution import Clock
from pipelines.imbalance.significance import diebold_mariano
from pipelines.pictures import save_picture
from stages.command import in_one_line, read_input, relative, run_stage
from stages.layout import comparison, results
from stages.outputs import read_fingerprint, whole, write_json
from stages.params import Params
from stages.tracking import continued_run

STEP_METRIC = re.compile(r"rmse_step_\d+")
HEADLINES = ("rmse", "rmse_low", "rmse_high", "mae", "skill", "crps", "coverage_80", "coverage_90")


def compare(params: Params) -> str:
    """Write a table of all variants with tests of their differences, and a picture."""
    settings = params.imbalance
    names = sorted(settings.variants)
    scores = {name: read_input(read_scores, results("imbalance", name)) for name in names}
    losses = {
        name: read_input(read_losses, results("imbalance", name) / "forecasts.parquet")
        for name in names
    }
    horizon = Clock(settings.resolution).horizon
    with in_one_line(ValueError):
        tests = tested(losses, settings.reference, horizon)
    ranked = sorted(names, key=lambda name: scores[name]["rmse"])
    table = {
        name: {key: scores[name][key] for key in HEADLINES} | tests.get(name, {}) for name in ranked
    }

    folder = comparison("imbalance")
    with whole(folder / "plots") as draft:
        draft.mkdir()
        curves = {name: by_step(scores[name]) for name in names}
        save_picture(error_by_step(curves, settings.resolution), draft / "error_by_step.png")
    write_json(folder / "metrics.json", table)
    for name in names:
        key = read_input(read_fingerprint, results("imbalance", name) / "run.json")
        with continued_run("imbalance", name, params.seed, key) as run:
            run.log_metrics({"test": tests.get(name, {})})
            run.log_files(folder / "plots", "comparison")
    best = ranked[0]
    return (
        f"{best} leads {len(names)} variants with an RMSE of {scores[best]['rmse']:.1f} MW "
        f"→ {relative(folder)}/metrics.json"
    )


def read_scores(folder: Path) -> dict[str, float]:
    """Read the scores in the test part that an evaluation left.

    Raises:
        FileNotFoundError: there is none.
        ValueError: the file is damaged.
    """
    content = (folder / "metrics.json").read_text(encoding="utf-8")
    try:
        found: dict[str, float] = json.loads(content)["test"]
        return {name: found[name] for name in HEADLINES} | found
    except (KeyError, TypeError):
        raise ValueError("holds no scores") from None


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
