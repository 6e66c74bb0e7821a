"""The stages of the imbalance, run as a person runs them, small; its models answer requests."""

import json
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.parquet_file import read_table
from stages.imbalance.served_forecaster import example
from stages.smoke import FORECASTERS
from tests.workflow.project import Project
from tests.workflow.test_served_models import load_model

RAW = "data/raw/imbalance/table.parquet"
EXTERNAL = "data/external/imbalance"


def metrics(project: Project, place: str, file: str = "metrics.json") -> dict:
    return json.loads((project.root / "results" / place / file).read_text())


def write_csv(project: Project, *parts: pd.DataFrame) -> None:
    for number, part in enumerate(parts):
        part.to_csv(project.root / EXTERNAL / f"part_{number}.csv")
    params = project.params()
    params["imbalance"]["source"] = "csv"
    project.write_params(params)


def test_the_series_is_drawn_and_counted(finished: Project) -> None:
    series = finished.root / "results" / "imbalance" / "series"
    repairs = json.loads((series / "repairs.json").read_text())
    assert repairs["rows"] == 20 * 288
    counts = metrics(finished, "imbalance/series")
    assert sum(counts["rows"].values()) == 20 * 288
    assert counts["outliers"]["train"] > 0
    pictures = {path.stem for path in (series / "plots").iterdir()}
    assert pictures == {"series", "area", "structural_imbalance"}


def test_every_forecaster_leaves_its_results(finished: Project) -> None:
    table = read_table(finished.root / RAW)
    for variant in FORECASTERS:
        folder = finished.root / "results" / "imbalance" / variant
        found = metrics(finished, f"imbalance/{variant}", "scores.json")
        headlines = metrics(finished, f"imbalance/{variant}")["test"]
        assert headlines.items() <= found["test"].items()
        assert 0 < found["test"]["rmse_low"] < found["test"]["rmse"] < found["test"]["rmse_high"]
        assert ("one_network" in found) == (variant == "lstm_altered")
        rows = pd.read_parquet(folder / "forecasts.parquet")
        assert set(rows["step"]) == set(range(1, 25))
        assert rows["time"].max() == table.index[-1]
        np.testing.assert_array_equal(rows["y"], table["y"][rows["time"]])
        errors = (rows["forecast"] - rows["y"]) ** 2
        assert np.sqrt(errors.mean()) == pytest.approx(found["test"]["rmse"], rel=1e-4)
        pictures = {path.stem for path in (folder / "plots").iterdir()}
        losses = {"loss_curves"} if variant == "lstm_altered" else set()
        assert pictures == {"forecasts", "calibration", "residuals_by_hour"} | losses
        epochs = len(pd.read_csv(folder / "history.csv"))
        assert epochs == (2 if variant == "lstm_altered" else 0)


def test_every_forecaster_has_one_whole_run_in_mlflow(finished: Project) -> None:
    runs = {run.info.run_name: run for run in finished.runs("imbalance")}
    assert len(runs) == len(finished.runs("imbalance")) == len(FORECASTERS)
    for variant in FORECASTERS:
        run = runs[variant]
        assert run.info.status == "FINISHED"
        assert run.data.params["source"] == "simulated"
        found = metrics(finished, f"imbalance/{variant}")["test"]
        assert run.data.metrics["test/rmse"] == found["rmse"]
        assert "validation/rmse" in run.data.metrics
        (data,) = run.inputs.dataset_inputs
        assert f"md5: {data.dataset.digest}" in finished.lock()
    logged = runs["lstm_altered"].data.metrics
    assert {"train/loss", "validation/loss", "network_2/validation/loss"} <= set(logged)
    assert "test/p_value_against_ridge" in logged


def test_the_variants_are_tested_against_the_reference(finished: Project) -> None:
    table = metrics(finished, "comparison/imbalance")
    assert set(table) == set(FORECASTERS) - {"ridge"}  # the reference itself
    assert 0 <= table["lstm_altered"]["p_value_against_ridge"] <= 1
    client = mlflow.MlflowClient(f"sqlite:///{finished.root / 'mlflow.db'}")
    for run in finished.runs("imbalance"):
        logged = [file.path for file in client.list_artifacts(run.info.run_id, "comparison")]
        assert logged == ["comparison/error_by_step.png"]


def test_a_users_files_are_merged_and_what_was_repaired_is_told(copy: Project) -> None:
    table = read_table(copy.root / RAW)
    write_csv(copy, table[:3000], table[2990:].drop(index=table.index[[4000, 4001]]))
    output = copy.run("dvc", "repro", "imbalance-acquire")
    assert "10 rows of overlapping files kept once; 2 missing rows" in output
    repairs = json.loads((copy.root / "results/imbalance/series/repairs.json").read_text())
    assert repairs["repeated_rows"] == 10
    assert repairs["filled_rows"] == 2
    merged = read_table(copy.root / RAW)
    kept = table.index.delete([4000, 4001])
    pd.testing.assert_frame_equal(merged.loc[kept], table.loc[kept], check_freq=False)


def test_a_users_file_that_is_wrong_is_refused_in_one_line_and_nothing_changes(
    copy: Project,
) -> None:
    table = read_table(copy.root / RAW)
    write_csv(copy, table)
    file = copy.root / EXTERNAL / "part_0.csv"
    whole = file.read_text()
    wrong = table.copy()
    wrong.iloc[50, 0] = np.inf
    faults = {
        "missing columns wind": table.drop(columns="wind").to_csv(),
        "the last line, 5761, is not ended": whole[:-30],
        "fields where the header has 10": whole.replace("00:10:00,", "00:10:00,,", 1),
        "is no number": whole.replace("00:10:00,", "00:10:00,n/k", 1),
        "hydro: inf": wrong.to_csv(),
        "no value between": table.drop(index=table.index[100:107]).to_csv(),
    }
    before = copy.snapshot("data/raw/imbalance", "results/imbalance")
    command = ("python", "-m", "stages.imbalance.acquire")
    for said, content in faults.items():
        file.write_text(content)
        (line,) = copy.run(*command, succeeds=False).splitlines()
        assert line.startswith(f"imbalance-acquire: {EXTERNAL}/part_0.csv")
        assert said in line
    file.unlink()
    (line,) = copy.run(*command, succeeds=False).splitlines()
    assert line.startswith(f"imbalance-acquire: {EXTERNAL} holds no CSV file")
    assert copy.snapshot("data/raw/imbalance", "results/imbalance") == before
    assert copy.half_written() == []


def test_moments_outside_the_series_are_refused_in_one_line(copy: Project) -> None:
    params = copy.params()
    params["imbalance"]["split"] = {
        "by": "times",
        "validation_start": "2019-07-15",
        "test_start": "2031-01-01",
    }
    copy.write_params(params)
    output = copy.run("python", "-m", "stages.imbalance.prepare", succeeds=False)
    (line,) = output.splitlines()
    assert "validation_start, test_start: 2019-07-15 00:00:00, 2031-01-01" in line


def test_rows_of_a_quarter_of_an_hour_go_all_the_way(copy: Project) -> None:
    params = copy.params()
    params["imbalance"]["resolution"] = 15
    params["imbalance"]["split"] = {
        "by": "times",
        "validation_start": "2019-07-14 10:15",
        "test_start": "2019-07-17 02:00",
    }
    copy.write_params(params)
    copy.run("python", "-m", "stages.imbalance.prepare")
    for variant in FORECASTERS:
        for stage in ("train", "evaluate"):
            copy.run("python", "-m", f"stages.imbalance.{stage}", variant)
        rows = pd.read_parquet(copy.root / f"results/imbalance/{variant}/forecasts.parquet")
        assert set(rows["step"]) == set(range(1, 9))
        assert rows["time"].min() == pd.Timestamp("2019-07-17 02:00")
    copy.run("python", "-m", "stages.imbalance.compare")
    compared = metrics(copy, "comparison/imbalance")
    assert set(compared) == set(FORECASTERS) - {"ridge"}  # which the others are tested against
    assert 0 <= compared["lstm_altered"]["p_value_against_ridge"] <= 1


def test_a_forecaster_answers_a_request_and_refuses_one_with_a_gap_or_without_plans(
    finished: Project, tmp_path: Path
) -> None:
    request = example(read_table(finished.root / RAW))
    served = load_model(finished, "imbalance", "lstm_altered")
    answer = served.predict(request)
    assert list(answer["step"]) == list(range(1, 25))
    assert (answer["lower_90"] < answer["forecast"]).all()
    assert answer["origin"].nunique() == 1
    assert answer["time"].iloc[-1] == request["start_time"].iloc[-1]
    with pytest.raises(mlflow.MlflowException, match="plans: 0 rows after the last y"):
        served.predict(request.iloc[:-24])
    with pytest.raises(mlflow.MlflowException, match="start_time: 1 gaps"):
        served.predict(request.drop(index=[700, 701]))
