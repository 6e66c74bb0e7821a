"""Stage `imbalance-acquire`: simulate the series, or merge the user's CSV files."""

import numpy as np
import pandas as pd

from pipelines.imbalance.data.gaps import Repairs
from pipelines.imbalance.data.parquet_file import write_table
from pipelines.imbalance.data.schema import STEP
from pipelines.imbalance.data.table import read_tables
from pipelines.imbalance.simulator.area import simulate_table
from pipelines.seeds import derive_seed
from stages.errors import StageError, in_one_line
from stages.outputs.atomic import write_json, write_outputs
from stages.params import Params
from stages.params.imbalance import SERIES, Simulation
from stages.paths import ROOT, external_imbalance, imbalance_source, relative, results
from stages.runner.command import run_stage


def acquire(params: Params) -> str:
    """Write the series at five-minute resolution, and the counts of its repairs."""
    settings = params.imbalance
    with in_one_line(ValueError):
        if settings.source == "csv":
            table, repairs = from_csv_files()
        else:
            seed = derive_seed(params.seed, "imbalance-acquire")
            table, repairs = simulated(settings.simulation, seed), Repairs()
    file = imbalance_source()
    write_outputs(file.parent, {file.name: lambda draft: write_table(table, draft)})
    counts = {"rows": len(table), **repairs.to_metrics()}
    write_json(results("imbalance", SERIES) / "repairs.json", counts)
    return (
        f"{len(table):,} rows, {table.index[0]} to {table.index[-1]}, {repairs} → {relative(file)}"
    )


def simulated(settings: Simulation, seed: int) -> pd.DataFrame:
    """Simulate the series of an area."""
    rows = settings.days * (pd.Timedelta(days=1) // STEP)
    return simulate_table(settings.start, rows, np.random.default_rng(seed))


def from_csv_files() -> tuple[pd.DataFrame, Repairs]:
    """Merge the CSV files in data/external/imbalance.

    Raises:
        StageError: There are no CSV files.
        ValueError: A file does not have the format that README.md in the folder describes.
    """
    folder = external_imbalance()
    files = [file.relative_to(ROOT) for file in sorted(folder.glob("*.csv"))]
    if not files:
        raise StageError(
            f"{relative(folder)} contains no CSV file; its README.md describes the format"
        )
    return read_tables(files)


if __name__ == "__main__":
    run_stage("imbalance-acquire", acquire)
