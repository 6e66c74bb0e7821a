"""Error and speed of the default LSTM's backtest beside darts' RNNModel.

    python -m benchmarks.imbalance [--seeds 3] [--rounds 5]

All forecast the simulated series of params.yaml with its split: a single network of the model
`lstm_residual`, and LSTMs of darts. They have the same number of hidden units, of rows read before
the origin and of epochs, and darts has no fewer training windows. Each keeps the weights of the
epoch with the lowest validation loss. All forecast the two hours after every origin of the test
split. Errors are against the measured imbalance.

darts gets the clipped imbalance and, as scaled future covariates, every plan, the calendar, the
minute of the hour, and the structural imbalance known two hours ahead. A second darts model learns
the changes of the imbalance from row to row, which are summed up to forecasts. Each has the best
batch size and learning rate of those tried.

Only the backtest is timed, with its input in memory: `forecast` of this project; darts'
`historical_forecasts` with `retrain=False`, which works in batches; and darts'
`predict_from_dataset`, which creates no TimeSeries for each origin and is faster. They take turns,
each library in a process of its own, so that other load on the machine affects them alike.

Only this benchmark needs darts: `pip install "darts[torch]==0.48.1"` in an environment of its own.
"""

import argparse
import importlib.util
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from statistics import mean, median, stdev

import numpy as np

from benchmarks.darts_lstm import Backtests, darts_lstm, read
from benchmarks.record import write_record
from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.forecasters.losses import squared_losses
from pipelines.imbalance.forecasters.lstm_training import train_lstm
from pipelines.imbalance.forecasters.persistence import persistence
from pipelines.imbalance.forecasters.settings import LSTMSettings
from pipelines.seeds import derive_seed
from stages.imbalance.acquire import simulated
from stages.imbalance.prepare import split_table
from stages.params import load_params

VARIANT = "lstm_residual"


def this_project(prepared: Prepared, settings: LSTMSettings, seed: int) -> Backtests:
    """Train a network and return its backtest."""
    features, origins = read(prepared, residual=True)
    forecaster, _ = train_lstm(
        features, origins.training, origins.validation, settings, seed=seed, device="cpu"
    )
    return {"forecast": lambda: forecaster.forecast(features, origins.test)}


COMPETITORS = {
    "this project": this_project,
    "darts": partial(darts_lstm, changes=False, batch_size=32, learning_rate=0.01),
    "darts, of changes": partial(darts_lstm, changes=True, batch_size=64, learning_rate=0.004),
}

backtests: Backtests = {}


def prepare(
    name: str, prepared: Prepared, settings: LSTMSettings, seeds: int
) -> tuple[list[float], list[float], list[str]]:
    """Train a forecaster from each seed, in its own process.

    Returns:
        RMSE and training time for each seed, and the names of the backtests.
    """
    features, origins = read(prepared, residual=False)
    errors, training = [], []
    for seed in range(seeds):
        start = time.process_time()
        backtests.update(COMPETITORS[name](prepared, settings, seed))
        training.append(time.process_time() - start)
        losses = [
            squared_losses(features.truth(origins.test), backtest()).mean()
            for backtest in backtests.values()
        ]
        if not np.allclose(losses, losses[0], rtol=1e-3):
            raise ValueError(f"{name}: its backtests differ: {losses}")
        errors.append(float(np.sqrt(losses[0])))
    return errors, training, list(backtests)


def seconds(way: str) -> float:
    """Return the CPU time of the backtest, in its own process."""
    start = time.process_time()
    backtests[way]()
    return time.process_time() - start


def seconds_for_features(prepared: Prepared) -> float:
    """Return the CPU time of the features of the whole series."""
    start = time.process_time()
    read(prepared, residual=True)
    return time.process_time() - start


def series() -> Prepared:
    """Return the simulated series of params.yaml, with its split."""
    params = load_params()
    settings = params.imbalance
    table = simulated(settings.simulation, derive_seed(params.seed, "imbalance-acquire"))
    return Prepared.of(split_table(at_resolution(table, settings.resolution), settings.split))


def main() -> None:
    """Train and time every forecaster and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="networks trained of each kind")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each backtest")
    arguments = parser.parse_args()
    if importlib.util.find_spec("darts") is None:
        sys.exit('darts is missing: pip install "darts[torch]==0.48.1", for this benchmark alone')
    settings = load_params().imbalance.models[VARIANT].as_settings(LSTMSettings)
    prepared = series()
    errors: dict[str, list[float]] = {}
    training: dict[str, list[float]] = {}
    times: dict[tuple[str, str], list[float]] = {}
    making: list[float] = []
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))
            for name in COMPETITORS
        }
        for name, process in processes.items():
            job = process.submit(prepare, name, prepared, settings, arguments.seeds)
            errors[name], training[name], ways = job.result()
            times |= {(name, way): [] for way in ways}
        for _ in range(arguments.rounds):
            for name, way in times:
                times[name, way].append(processes[name].submit(seconds, way).result())
            making.append(processes["this project"].submit(seconds_for_features, prepared).result())

    features, origins = read(prepared, residual=False)
    still = persistence(features, origins.test)
    rmse = np.sqrt(squared_losses(features.truth(origins.test), still).mean())
    ours = median(times["this project", "forecast"])
    rows = [
        [
            name,
            way,
            f"{mean(errors[name]):.2f}"
            + (f" ± {stdev(errors[name]):.2f}" if arguments.seeds > 1 else ""),
            f"{median(training[name]):.0f}",
            *(f"{each:.2f}" for each in (median(measured), min(measured), max(measured))),
            f"{median(measured) / ours:.2f} ×",
        ]
        for (name, way), measured in times.items()
    ]
    write_record(
        "imbalance",
        columns=(
            "forecaster",
            "backtest by",
            "RMSE, MW",
            "training, CPU s",
            "backtest, CPU s, median",
            "fastest",
            "slowest",
            "speed of this project",
        ),
        rows=rows,
        packages=("torch", "lightning", "numpy", "pandas", "darts"),
        notes=[
            f"{len(origins.test):,} test origins; the RMSE of persistence is {rmse:.2f} MW.",
            f"{settings.hidden_dim} units, {settings.epochs} epochs, seeds: {arguments.seeds}, "
            f"rounds: {arguments.rounds}.",
            f"This project makes the features of all {len(prepared.table):,} rows in "
            f"{median(making):.2f} s.",
        ],
    )


if __name__ == "__main__":
    main()
