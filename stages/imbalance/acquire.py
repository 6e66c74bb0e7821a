"""Stage `imbalance-acquire`: simulate the series of the area, or merge what a user brought."""

import numpy as np
import pandas as pd

from pipelines.imbalance.gaps import Repairs
from pipelines.imbalance.parquet_file import write_table
from pipelines.imbalance.schema import STEP
from pipelines.imbalance.simulator import simulate_table
from pipelines.imbalance.table import read_tables
from stages.command import StageError, in_one_line, relative, run_stage
from stages.imbalance.params import SERIES, Simulation
from stages.layout import ROOT, external_imbalance, imbalance_source, results
from stages.outputs import whole, write_json
from stages.params import Params
from stages.seed import stage_seed


def acquire(params: Params) -> str:
    """Write the series in rows of five minutes, and what had to be repaired in it."""
    settings = params.imbalance
    with in_one_line(ValueError):
        if settings.source == "csv":
            table, repairs = from_csv_files()
        else:
            seed = stage_seed(params.seed, "imbalance-acquire")
            table, repairs = simulated(settings.simulation, seed), Repairs()
    file = imbalance_source()
    with whole(file) as draft:
        write_table(table, draft)
    counts = {"rows": len(table), **repairs.to_metrics()}
    write_json(results("imbalance", SERIES) / "repairs.json", counts)
    return (
        f"{len(table):,} rows, {table.index[0]} to {table.index[-1]}, {repairs} → {relative(file)}"
    )


def simulated(settings: Simulation, seed: int) -> pd.DataFrame:
    """Make the series of the simulated area."""
    rows = settings.days * (pd.Timedelta(days=1) // STEP)
    return simulate_table(settings.start, rows, np.random.default_rng(seed))


def from_csv_files() -> tuple[pd.DataFrame, Repairs]:
    """Merge the CSV files that a user has put into data/external/imbalance.

    Raises:
        StageError: there is none.
        ValueError: one is not what its README says.
    """
    folder = external_imbalance()
    files = [file.relative_to(ROOT) for file in sorted(folder.glob("*.csv"))]
    if not files:
        raise StageError(f"{relative(folder)} holds no CSV file; its README.md says what it may be")
    return read_tables(files)


if __name__ == "__main__":
    run_stage("imbalance-acquire", acquire)
