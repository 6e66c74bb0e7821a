"""Errors and intervals of every forecaster of params.yaml on the series of a real area.

    python -m benchmarks.real_area FOLDER [--validation-start TIME] [--test-start TIME]

FOLDER holds CSV files with the columns that `data/external/imbalance/README.md` describes. The
series is split at the two times. Each model is trained and calibrated on the rows before the test
split and evaluated from every origin of it, as the stages do. The default times suit a file of the
Norwegian area NO1 from March to June 2021, which is not part of this repository.
"""

import argparse
import tempfile
import warnings
from pathlib import Path

import pandas as pd

from benchmarks.record import write_record
from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.data.resolution import Clock, at_resolution
from pipelines.imbalance.data.splitting import split_by_times
from pipelines.imbalance.data.table import read_tables
from pipelines.imbalance.evaluation.backtest import run_backtest
from pipelines.imbalance.evaluation.significance import DieboldMariano, compare_with
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.forecasters.losses import squared_losses
from pipelines.imbalance.forecasters.trained_forecaster import with_intervals
from pipelines.seeds import derive_seed
from stages.params import load_params
from stages.params.imbalance import Forecaster

COLUMNS = (
    "model",
    "RMSE, MW (95 % interval)",
    "single network, MW",
    "skill",
    "MAE, MW",
    "CRPS, MW",
    "in 80 %",
    "in 90 %",
    "p-value",
)
Evaluation = tuple[dict[str, float], dict[str, float], "pd.Series[float]"]


def evaluate(prepared: Prepared, settings: Forecaster, seed: int) -> Evaluation:
    """Train a model and backtest it.

    Returns:
        Its scores, those of the single members of an ensemble, and its losses by origin.
    """
    kind = KINDS[settings.kind]
    limits = fit_limits(prepared.training_rows["y"].to_numpy())
    features = make_features(prepared.table, limits, residual=settings.residual)
    origins = split_origins(prepared, features)
    with tempfile.TemporaryDirectory() as folder:
        fitted = kind.fit(
            features,
            origins,
            settings.as_settings(kind.settings),
            seed=derive_seed(seed, "imbalance-train"),
            device="cpu",
            checkpoint_folder=Path(folder),
            on_epoch=lambda *_: None,
        )
    trained = with_intervals(
        settings.kind, fitted.forecasters, limits, features, origins.validation
    )
    backtest = run_backtest(trained, features, origins.test)
    scores = backtest.to_metrics(features.clock.day, seed=derive_seed(seed, "imbalance-evaluate"))
    losses = squared_losses(backtest.truth, backtest.forecast)
    return scores, backtest.seed_metrics(), pd.Series(losses, features.times[origins.test])


def row(
    name: str, scores: dict[str, float], single: dict[str, float], test: DieboldMariano | None
) -> list[str]:
    """Return the cells of a model; without a test, it is the baseline itself."""
    return [
        name,
        f"{scores['rmse']:.2f} ({scores['rmse_ci_low']:.1f} to {scores['rmse_ci_high']:.1f})",
        f"{single['rmse']:.2f} ± {single['rmse_std']:.2f}" if single else "",
        f"{scores['skill']:.1%}",
        f"{scores['mae']:.2f}",
        f"{scores['crps']:.2f}",
        f"{scores['coverage_80']:.1%}",
        f"{scores['coverage_90']:.1%}",
        f"{test.p_value:.2g}" if test else "",
    ]


def main() -> None:
    """Evaluate every model and write the table, best model first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of the CSV files")
    parser.add_argument("--validation-start", default="2021-05-02 20:10", help="UTC")
    parser.add_argument("--test-start", default="2021-05-16 20:10", help="UTC")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", module="lightning")
    params = load_params()
    settings = params.imbalance
    table, _ = read_tables(sorted(arguments.folder.glob("*.csv")))
    table = at_resolution(table, settings.resolution)
    split = split_by_times(table, arguments.validation_start, arguments.test_start)
    prepared = Prepared.of(split)
    evaluations: dict[str, Evaluation] = {}
    for name, model in settings.models.items():
        print(f"{name} ...", flush=True)
        evaluations[name] = evaluate(prepared, model, params.seed)
    tests = compare_with(
        settings.baseline,
        {name: losses for name, (_, _, losses) in evaluations.items()},
        Clock(settings.resolution).horizon,
    )
    ranked = sorted(evaluations, key=lambda name: evaluations[name][0]["rmse"])
    origins = len(evaluations[settings.baseline][2])
    write_record(
        "real_area",
        columns=COLUMNS,
        rows=[row(name, *evaluations[name][:2], tests.get(name)) for name in ranked],
        packages=("numpy", "pandas", "scikit-learn", "torch", "lightning"),
        notes=[
            f"{len(table):,} rows from {table.index[0]} to {table.index[-1]}.",
            f"Validation from {prepared.validation_start}, test from {prepared.test_start}, "
            f"{origins:,} test origins.",
            f"p-value: Diebold-Mariano test against {settings.baseline}.",
        ],
    )


if __name__ == "__main__":
    main()
