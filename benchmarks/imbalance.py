"""Error and speed of the default LSTM's backtest beside darts' RNNModel.

    python -m benchmarks.imbalance [--csv FILE] [--seeds 3] [--rounds 5] [--json results.json]

All forecast the same series, the simulated one of params.yaml or a real FILE, split as params.yaml
says: one network of the variant `lstm_altered`, and LSTMs of darts with as many hidden units, as
many rows read before the origin, as many epochs, and no fewer windows to learn from. Each keeps the
weights of the epoch with the lowest validation loss. From every origin of the test part all
forecast the two hours after it; errors are against the imbalance as it was measured.

darts gets the imbalance within the limits of the training part, as this project does, and as future
covariates, scaled: every plan, the calendar, the minute of the hour, and the structural imbalance
that plans known two hours ahead imply. A second one learns the changes of the imbalance from row to
row, which are summed up to forecasts, from the changes of every column that this project's network
reads. Both have a batch size and a learning rate of their own, of the better ones tried. Of a FILE
of less than a year, the season is not theirs to learn, and extrapolating it spoils their errors:
there, compare the speed alone.

What is timed is the backtest alone, once everything it reads is in memory: `forecast` of this
project, its linear highway included; `historical_forecasts` of darts with `retrain=False`, which
works in batches; and `predict_from_dataset`, which makes no TimeSeries for every origin and is the
fastest way that we found in darts. They take turns, each library in a process of its own, so
that what else the machine does strikes them alike, and each one's median counts.

darts is needed for nothing else: `pip install "darts[torch]==0.48.1"`, beside this project in an
environment of its own.
"""

import argparse
import importlib.util
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.darts_lstm import Backtests, darts_lstm, read
from pipelines.imbalance.data.prepared import Prepared
from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.data.table import read_tables
from pipelines.imbalance.forecasters.losses import squared_losses
from pipelines.imbalance.forecasters.lstm_training import train_lstm
from pipelines.imbalance.forecasters.persistence import persistence
from pipelines.imbalance.forecasters.settings import LSTMSettings
from pipelines.seeds import derive_seed
from stages.imbalance.acquire import simulated
from stages.imbalance.prepare import split_table
from stages.params import load_params

VARIANT = "lstm_altered"


def this_project(prepared: Prepared, settings: LSTMSettings, seed: int) -> Backtests:
    """Train a network of the variant, and return its backtest."""
    features, origins = read(prepared, altered=True)
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
    """Train the competitor from each seed, in its own process.

    Returns:
        Errors and seconds of training, of each seed, and the names of the backtests.
    """
    features, origins = read(prepared, altered=False)
    errors, training = [], []
    for seed in range(seeds):
        start = time.perf_counter()
        backtests.update(COMPETITORS[name](prepared, settings, seed))
        training.append(time.perf_counter() - start)
        losses = [
            squared_losses(features.truth(origins.test), backtest()).mean()
            for backtest in backtests.values()
        ]
        if not np.allclose(losses, losses[0], rtol=1e-3):
            raise ValueError(f"{name}: its backtests differ: {losses}")
        errors.append(float(np.sqrt(losses[0])))
    return errors, training, list(backtests)


def seconds(way: str) -> float:
    """Return how long the competitor's backtest takes, in its own process."""
    start = time.perf_counter()
    backtests[way]()
    return time.perf_counter() - start


def seconds_for_features(prepared: Prepared) -> float:
    """Return how long this project takes for the features of the whole series."""
    start = time.perf_counter()
    read(prepared, altered=True)
    return time.perf_counter() - start


def series(csv: Path | None) -> Prepared:
    """Return the series of params.yaml or of a file, in its parts."""
    params = load_params()
    settings = params.imbalance
    if csv is None:
        seed = derive_seed(params.seed, "imbalance-acquire")
        table = simulated(settings.simulation, seed)
    else:
        table, _ = read_tables([csv])
    table = at_resolution(table, settings.resolution)
    return Prepared.of(split_table(table, settings.split))


def main() -> None:
    """Measure all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, help="file of a real series, instead of the simulated")
    parser.add_argument("--seeds", type=int, default=3, help="networks trained of each kind")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each backtest")
    parser.add_argument("--json", type=Path, help="file to write errors and seconds to")
    arguments = parser.parse_args()
    if importlib.util.find_spec("darts") is None:
        sys.exit('darts is missing: pip install "darts[torch]==0.48.1", for this benchmark alone')
    settings = load_params().imbalance.variants[VARIANT].as_settings(LSTMSettings)
    prepared = series(arguments.csv)
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

    features, origins = read(prepared, altered=False)
    still = persistence(features, origins.test)
    threshold = np.sqrt(squared_losses(features.truth(origins.test), still).mean())
    table = Table(
        title=f"{len(origins.test):,} origins, of which persistence is {threshold:.2f} MW off; "
        f"{settings.hidden} units, {settings.epochs} epochs, "
        f"threads {torch.get_num_threads()}"
    )
    table.add_column("forecaster")
    table.add_column("backtest by")
    for column in ("RMSE, MW", "training, s", "backtest, s", "fastest", "slowest"):
        table.add_column(column, justify="right")
    table.add_column("this project is", justify="right")
    ours = median(times["this project", "forecast"])
    for (name, way), measured in times.items():
        spread = f" ± {stdev(errors[name]):.2f}" if arguments.seeds > 1 else ""
        table.add_row(
            name,
            way,
            f"{mean(errors[name]):.2f}{spread}",
            f"{median(training[name]):.0f}",
            *(f"{each:.2f}" for each in (median(measured), min(measured), max(measured))),
            f"{median(measured) / ours:.2f} × as fast",
        )
    console = Console(width=130)
    console.print(table)
    rows = len(prepared.table)
    console.print(f"features of all {rows:,} rows, by this project: {median(making):.2f} s")
    if arguments.json:
        backtest = {f"{name}: {way}": measured for (name, way), measured in times.items()}
        content = {"rmse": errors, "training": training, "backtest": backtest, "features": making}
        arguments.json.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
