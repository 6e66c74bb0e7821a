"""Stage `imbalance-prepare`: resample, split and plot the series."""

import pandas as pd

from pipelines.imbalance.data.parquet_file import read_table
from pipelines.imbalance.data.prepared import Prepared, write_prepared
from pipelines.imbalance.data.resolution import at_resolution
from pipelines.imbalance.data.splitting import Split, split_by_fractions, split_by_times
from pipelines.imbalance.features.limits import fit_limits, outlier_counts
from pipelines.imbalance.plots.series import draw_series
from stages.errors import in_one_line, read_input
from stages.outputs.atomic import in_new_folder, json_writer, write_outputs
from stages.outputs.plots import plots_writer
from stages.params import Params
from stages.params.imbalance import SERIES, SplitByFractions, SplitByTimes
from stages.paths import imbalance_series, imbalance_source, relative, results
from stages.runner.command import run_stage


def prepare(params: Params) -> str:
    """Write the resampled series, its split, plots and the numbers of outliers."""
    settings, folder = params.imbalance, imbalance_series()
    source = read_input(read_table, imbalance_source())
    with in_one_line(ValueError):
        split = split_table(at_resolution(source, settings.resolution), settings.split)
        prepared = Prepared.of(split)
        limits = fit_limits(prepared.training_rows["y"].to_numpy())
        write = in_new_folder(lambda draft: write_prepared(prepared, draft))
        write_outputs(folder.parent, {folder.name: write})
        write_outputs(
            results("imbalance", SERIES),
            {
                "plots": plots_writer(draw_series(source, prepared, limits)),
                "metrics.json": json_writer(outlier_counts(split, limits)),
            },
        )
    return (
        f"{len(split.train):,} training, {len(split.validation):,} validation and "
        f"{len(split.test):,} test rows → {relative(folder)}"
    )


def split_table(table: pd.DataFrame, settings: SplitByFractions | SplitByTimes) -> Split:
    """Split a table by time.

    Raises:
        ValueError: The table is too short or does not contain the times.
    """
    if settings.by == "times":
        return split_by_times(table, settings.validation_start, settings.test_start)
    return split_by_fractions(table, settings.train, settings.validation)


if __name__ == "__main__":
    run_stage("imbalance-prepare", prepare)
