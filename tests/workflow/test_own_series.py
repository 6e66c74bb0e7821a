"""A user's series with 15-minute rows runs through the whole pipeline."""

import json

import pandas as pd

from pipelines.imbalance.data.parquet_file import read_table
from tests.workflow.project import Project

TABLE = "data/raw/imbalance/table.parquet"


def test_csv_files_are_merged_repaired_and_forecast_at_15_minute_resolution(
    copy: Project,
) -> None:
    table = read_table(copy.root / TABLE)
    parts = table[:3000], table[2990:].drop(index=table.index[[4000, 4001]])
    for number, part in enumerate(parts):
        part.to_csv(copy.root / "data" / "external" / "imbalance" / f"part_{number}.csv")
    params = copy.params()
    params["imbalance"] |= {
        "source": "csv",
        "resolution": 15,
        "split": {
            "by": "times",
            "validation_start": "2019-07-14 10:15",
            "test_start": "2019-07-17 02:00",
        },
    }
    copy.write_params(params)
    output = copy.run("dvc", "repro", "imbalance-evaluate@ridge")
    assert "10 rows of overlapping files kept once; 2 missing rows" in output
    repairs = json.loads((copy.root / "results/imbalance/series/repairs.json").read_text())
    assert (repairs["repeated_rows"], repairs["filled_rows"]) == (10, 2)
    merged, complete = read_table(copy.root / TABLE), table.index.delete([4000, 4001])
    pd.testing.assert_frame_equal(merged.loc[complete], table.loc[complete], check_freq=False)
    rows = pd.read_parquet(copy.root / "results/imbalance/ridge/forecasts.parquet")
    assert set(rows["step"]) == set(range(1, 9))
    assert rows["time"].min() == pd.Timestamp("2019-07-17 02:00")
    run = copy.run_of("imbalance", "ridge")
    assert (run.data.params["source"], run.data.params["resolution"]) == ("csv", "15")
