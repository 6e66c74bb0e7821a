"""Results of the smoke workflow: files, runs, champions and report."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.imbalance.data.parquet_file import read_table
from stages.tracking.runs import FINGERPRINT
from tests.stages.report.read_page import ReadPage
from tests.workflow.project import PARAMS, PIPELINES, VARIANTS, Project

OUTPUTS = {
    "figures": {"predictions.csv"},
    "digits": {"samples.npz", "anomaly_scores.csv"},
    "imbalance": {"forecasts.parquet", "comparison.json"},
}
PLOTS = {
    "figures": {"confusion_matrix", "figures", "first_layer_weights", "loss_curves", "network"},
    "digits": {"latent_map", "loss_curves", "samples_prior_single", "samples_mixture_stacked"},
    "imbalance": {"forecasts", "calibration", "residuals_by_hour"},
}


def variants() -> Iterator[tuple[str, str]]:
    yield from ((pipeline, variant) for pipeline in PIPELINES for variant in VARIANTS[pipeline])


def read(project: Project, place: str) -> Any:
    return json.loads((project.root / "results" / place).read_text())


def test_every_variant_has_its_files(finished: Project) -> None:
    trained = {"model", "history.csv", "run.json", "seeds", "metrics.json", "scores.json", "plots"}
    for pipeline, variant in variants():
        folder = finished.root / "results" / pipeline / variant
        assert {path.name for path in folder.iterdir()} >= trained | OUTPUTS[pipeline]
        assert {path.stem for path in (folder / "plots").iterdir()} >= PLOTS[pipeline]
        summary = read(finished, f"{pipeline}/{variant}/metrics.json")["test"]
        scores = read(finished, f"{pipeline}/{variant}/scores.json")
        assert scores["by_seed"] == {"42": summary}
    assert finished.drafts() == []


def test_scores_agree_with_predictions_samples_and_forecasts(finished: Project) -> None:
    results = finished.root / "results"
    for variant in VARIANTS["figures"]:
        rows = pd.read_csv(results / "figures" / variant / "predictions.csv")
        accuracy = (rows["actual"] == rows["predicted"]).mean()
        assert read(finished, f"figures/{variant}/scores.json")["test"]["accuracy"] == accuracy
    count = finished.params()["digits"]["evaluation"]["samples"]
    for variant in VARIANTS["digits"]:
        samples = np.load(results / "digits" / variant / "samples.npz")
        assert samples["single"].shape == (count, 28, 28)
        assert samples["stacked"].shape == (count, 28, 28, 3)
        scores = pd.read_csv(results / "digits" / variant / "anomaly_scores.csv")
        assert len(scores) == 297  # test digits of the small data set
        has_likelihood = variant == "vae_missing"
        assert ("marginal_likelihood" in scores) == has_likelihood
        assert ("nll" in read(finished, f"digits/{variant}/metrics.json")["test"]) == has_likelihood
    table = read_table(finished.root / "data/raw/imbalance/table.parquet")
    for variant in VARIANTS["imbalance"]:
        rows = pd.read_parquet(results / "imbalance" / variant / "forecasts.parquet")
        assert set(rows["step"]) == set(range(1, 25))
        np.testing.assert_array_equal(rows["y"], table["y"][rows["time"]])
        error = np.sqrt(((rows["forecast"] - rows["y"]) ** 2).mean())
        test = read(finished, f"imbalance/{variant}/scores.json")["test"]
        assert test["rmse"] == pytest.approx(error, rel=1e-4)
        assert 0 < test["rmse_ci_low"] < test["rmse"] < test["rmse_ci_high"]


def test_rows_of_the_series_are_counted_and_forecasters_compared(finished: Project) -> None:
    counts = read(finished, "imbalance/series/metrics.json")
    assert sum(counts["rows"].values()) == 20 * 288
    assert counts["outliers"]["train"] > 0
    assert read(finished, "imbalance/ridge/comparison.json") == {}  # the baseline itself
    p_value = read(finished, "imbalance/lstm_residual/comparison.json")["p_value"]
    assert 0 <= p_value <= 1
    assert finished.run_of("imbalance", "lstm_residual").data.metrics["test/p_value"] == p_value


def test_every_model_has_one_run_with_its_files(finished: Project) -> None:
    lock, client = finished.lock(), finished.client()
    for pipeline in PIPELINES:
        names = {run.info.run_name for run in finished.runs(pipeline)}
        evaluator = {"verifier"} if pipeline == "digits" else set()
        assert names == {*VARIANTS[pipeline], *evaluator}
        for name in names:
            run, folder = finished.run_of(pipeline, name), f"{pipeline}/{name}"
            trained = read(finished, f"{folder}/run.json")
            assert run.info.status == "FINISHED"
            assert run.data.tags.items() >= {
                ("pipeline", pipeline),
                ("variant", name),
                ("seed", "42"),
                (FINGERPRINT, trained["fingerprint"]),
                ("git_dirty", "false"),
            }
            assert "restored" not in run.data.tags
            assert len(run.outputs.model_outputs) == 1
            (data,) = run.inputs.dataset_inputs
            assert f"md5: {data.dataset.digest}" in lock
            summary = read(finished, f"{folder}/metrics.json")["test"].items()
            assert {(f"summary/{key}", value) for key, value in summary} <= run.data.metrics.items()
            history = pd.read_csv(finished.root / "results" / folder / "history.csv")
            for curve in [column for column in history if column.startswith("validation/")]:
                points = client.get_metric_history(run.info.run_id, curve)
                assert [point.value for point in points] == history[curve].dropna().tolist()
            pictures = {path.path for path in client.list_artifacts(run.info.run_id, "plots")}
            folder_of_plots = finished.root / "results" / folder / "plots"
            assert pictures == {f"plots/{path.name}" for path in folder_of_plots.iterdir()}


def test_the_best_variant_of_every_pipeline_is_its_champion(finished: Project) -> None:
    printed = finished.root.with_name("printed.txt").read_text()
    for pipeline, board in read(finished, "leaderboard.json").items():
        version = finished.client().get_model_version_by_alias(pipeline, "champion")
        assert version.tags["variant"] == board["best"] == board["variants"][0]["variant"]
        assert f"champion of {pipeline}: {board['best']}" in printed


def test_the_report_shows_every_variant_and_the_duration_of_every_stage(finished: Project) -> None:
    page = ReadPage((finished.root / "results" / "report.html").read_text())
    for pipeline, names in VARIANTS.items():
        rows = page.tables[f"Leaderboard of {pipeline}"][1:]
        assert {row[0].split()[0] for row in rows} == set(names)
        assert sum("★ best" in row[0] for row in rows) == 1
    rows = page.tables["Last run of each stage on this machine"][1:-1]
    stages = PARAMS.load(finished.lock())["stages"].keys() - {"report"}
    assert {row[0] for row in rows if row[1].endswith(" s")} == stages


def test_metrics_and_plots_are_shown_without_a_server(copy: Project) -> None:
    shown = json.loads(copy.run("dvc", "metrics", "show", "--json"))[""]["data"]
    files = {f"results/{pipeline}/{variant}/metrics.json" for pipeline, variant in variants()}
    assert files <= shown.keys()
    page = copy.run("dvc", "plots", "show", "--out", "dvc_plots").strip().splitlines()[-1]
    assert "demo_1" in Path(page.removeprefix("file://")).read_text()
