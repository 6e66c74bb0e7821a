"""Stage `imbalance-prepare`: bring the series to its resolution, part it by time, and draw it."""

from collections.abc import Iterator

import pandas as pd

from pipelines.imbalance.features import Limits, fit_limits
from pipelines.imbalance.parquet_file import read_table
from pipelines.imbalance.prepared import Prepared, write_prepared
from pipelines.imbalance.resolution import at_resolution
from pipelines.imbalance.series_plots import area_comparison, series_with_outliers, structural_day
from pipelines.imbalance.splitting import Split, split_by_fractions, split_by_times
from pipelines.pictures import Figure, save_picture
from stages.command import in_one_line, read_input, relative, run_stage
from stages.imbalance.params import SERIES, SplitByFractions, SplitByTimes
from stages.layout import imbalance_series, imbalance_source, results
from stages.outputs import whole, write_json
from stages.params import Params


def prepare(params: Params) -> str:
    """Write the series with its split, pictures of it, and counts of its outliers."""
    settings = params.imbalance
    source = read_input(read_table, imbalance_source())
    with in_one_line(ValueError):
        split = parted(at_resolution(source, settings.resolution), settings.split)
        prepared = Prepared.of(split)
        limits = fit_limits(prepared.training_rows["y"].to_numpy())
    folder = imbalance_series()
    with whole(folder) as draft:
        draft.mkdir()
        write_prepared(prepared, draft)
    with in_one_line(ValueError), whole(results("imbalance", SERIES) / "plots") as draft:
        draft.mkdir()
        for name, picture in pictures(source, prepared, limits):
            save_picture(picture, draft / f"{name}.png")
    write_json(results("imbalance", SERIES) / "metrics.json", metrics(split, limits))
    return (
        f"{len(split.train):,} rows to train, {len(split.validation):,} to validate and "
        f"{len(split.test):,} to test → {relative(folder)}"
    )


def parted(table: pd.DataFrame, settings: SplitByFractions | SplitByTimes) -> Split:
    """Part a table as the parameters ask for.

    Raises:
        ValueError: the table does not hold the moments, or is too short.
    """
    if settings.by == "times":
        return split_by_times(table, settings.validation_start, settings.test_start)
    return split_by_fractions(table, settings.train, settings.validation)


def pictures(
    source: pd.DataFrame, prepared: Prepared, limits: Limits
) -> Iterator[tuple[str, Figure]]:
    """Draw the series: all of it with its outliers, a few days, and structural imbalance."""
    starts = {
        "training": source.index[0],
        "validation": prepared.validation_start,
        "test": prepared.test_start,
    }
    yield (
        "series",
        series_with_outliers(
            source, (limits.low, limits.high), "Imbalance and its outliers", starts=starts
        ),
    )
    yield "area", area_comparison({"Four days of it": source}, "What the series is like")
    day = prepared.validation_start.ceil("D")
    yield (
        "structural_imbalance",
        structural_day(source, day, f"Structural imbalance, {day:%d %B %Y}"),
    )


def metrics(split: Split, limits: Limits) -> dict[str, dict[str, float]]:
    """Count the rows of each part, and its outliers beyond the limits of the training part."""
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    return {
        "rows": {name: len(part) for name, part in parts.items()},
        "outliers": {
            name: int((~part["y"].between(limits.low, limits.high)).sum())
            for name, part in parts.items()
        },
        "limits": {"low": limits.low, "high": limits.high},
    }


if __name__ == "__main__":
    run_stage("imbalance-prepare", prepare)
