"""The whole workflow, run as a person runs it, small."""

import json

import mlflow
import numpy as np
import pandas as pd

from stages.smoke import AUTOENCODERS, NETWORKS
from tests.stages.read_page import ReadPage
from tests.workflow.project import PARAMS, Project
from tests.workflow.waiting import ran


def test_every_variant_leaves_its_results(finished: Project) -> None:
    for variant in NETWORKS:
        folder = finished.root / "results" / "figures" / variant
        assert {path.name for path in folder.iterdir()} >= {
            "model",
            "history.csv",
            "metrics.json",
            "plots",
            "predictions.csv",
            "run.json",
            "scores.json",
        }
        metrics = json.loads((folder / "metrics.json").read_text())["test"]
        assert 0 < metrics["accuracy_low"] < metrics["accuracy"] <= 1 or metrics["accuracy"] == 0
        scores = json.loads((folder / "scores.json").read_text())["test"]
        assert metrics.items() <= scores.items()
        assert set(scores["recall"]) == {"cross", "circle", "horizontal", "vertical"}
        assert {path.stem for path in (folder / "plots").iterdir()} == {
            "confusion_matrix",
            "figures",
            "first_layer_weights",
            "loss_curves",
            "mistakes",
            "network",
        }
    assert finished.half_written() == []


def test_every_variant_has_one_whole_run_in_mlflow(finished: Project) -> None:
    runs = {run.info.run_name: run for run in finished.runs("figures")}
    assert set(runs) == set(NETWORKS)
    client = mlflow.MlflowClient(f"sqlite:///{finished.root / 'mlflow.db'}")
    for variant, run in runs.items():
        assert run.info.status == "FINISHED"
        assert {"train/loss", "validation/loss", "best/validation/loss", "test/accuracy"} <= set(
            run.data.metrics
        )
        assert run.data.params["optimizer.learning_rate"]
        assert run.data.tags["stage"] == "evaluate"
        assert run.data.tags["variant"] == variant
        artifacts = {file.path for file in client.list_artifacts(run.info.run_id, "plots")}
        assert "plots/loss_curves.png" in artifacts
        assert len(run.outputs.model_outputs) == 1
        (data,) = run.inputs.dataset_inputs
        assert f"md5: {data.dataset.digest}" in finished.lock()


def test_the_verifier_has_its_results_and_its_run(finished: Project) -> None:
    (run,) = (run for run in finished.runs("digits") if run.info.run_name == "verifier")
    assert run.info.status == "FINISHED"
    (data,) = run.inputs.dataset_inputs
    assert f"md5: {data.dataset.digest}" in finished.lock()
    metrics = json.loads((finished.root / "results/digits/verifier/metrics.json").read_text())
    assert metrics["test"]["accuracy"] == run.data.metrics["test/accuracy"]


def test_every_autoencoder_leaves_its_results_and_its_run(finished: Project) -> None:
    runs = {run.info.run_name: run for run in finished.runs("digits")}
    assert set(runs) == {"verifier", *AUTOENCODERS}
    evaluation = finished.params()["digits"]["evaluation"]
    for variant in AUTOENCODERS:
        folder = finished.root / "results" / "digits" / variant
        headlines = json.loads((folder / "metrics.json").read_text())["test"]
        metrics = json.loads((folder / "scores.json").read_text())["test"]
        generated = metrics["generation"][metrics["best_sampler"]]
        assert headlines["frechet_distance"] == generated["mono"]["frechet_distance"]
        assert ("nll" in headlines) == ("anomaly_auroc" in headlines) == (variant == "vae_missing")
        assert metrics["best_sampler"] in ("prior", "mixture")
        assert metrics["real"]["stacked"]["predictability"] > 0
        samples = np.load(folder / "samples.npz")
        assert samples["mono"].shape == (evaluation["samples"], 28, 28)
        assert samples["stacked"].shape == (evaluation["samples"], 28, 28, 3)
        assert {samples[name].dtype for name in samples} == {np.dtype(np.uint8)}
        scores = pd.read_csv(folder / "anomaly_scores.csv")
        columns = ["elbo", "marginal_likelihood"] if variant == "vae_missing" else []
        assert list(scores) == ["index", "label", "reconstruction", "corrected", *columns]
        assert len(scores) == 297  # the small set's test digits
        pictures = {path.stem for path in (folder / "plots").iterdir()}
        assert {"latent_map", "loss_curves", "samples_prior_mono", "samples_mixture_stacked"} <= (
            pictures
        )
        assert ("anomalies_stacked" in pictures) == (variant == "vae_missing")
        run = runs[variant]
        assert run.info.status == "FINISHED"
        assert run.data.params["architecture.latent"] == "16"
        key = "test/generation/mixture/stacked/predictability"
        assert (
            run.data.metrics[key] == (metrics["generation"]["mixture"]["stacked"]["predictability"])
        )
    found = json.loads((finished.root / "results/digits/vae_missing/scores.json").read_text())
    assert set(found["test"]["anomaly"]) == {"mono", "stacked"}
    assert found["test"]["likelihood"]["nll"] <= -found["test"]["likelihood"]["elbo"] + 5


def test_the_report_tells_of_every_variant_and_of_the_time_of_every_stage(
    finished: Project,
) -> None:
    page = ReadPage((finished.root / "results" / "report.html").read_text())
    for pipeline, names in (("figures", NETWORKS), ("digits", AUTOENCODERS)):
        rows = page.tables[f"Variants of {pipeline}, the best first"][1:]
        assert {row[0].split()[0] for row in rows} == set(names)
        assert sum("★ best" in row[0] for row in rows) == 1
    times = {row[0]: row[1] for row in page.tables["Each stage when it last ran here"][1:-1]}
    locked = PARAMS.load(finished.lock())["stages"]
    assert set(times) == set(locked) - {"report"}
    assert all(time.endswith(" s") for time in times.values())
    assert finished.run("git", "check-ignore", "results/report.html")


def test_a_second_repro_runs_nothing_but_the_report(copy: Project) -> None:
    before = copy.lock()
    assert ran(copy.run("dvc", "repro")) == []
    assert copy.lock() == before
    assert copy.run("dvc", "status").split() == ["report:", "always", "changed"]


def test_what_python_leaves_beside_the_code_reruns_nothing(copy: Project) -> None:
    cache = copy.root / "pipelines" / "figures" / "network" / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "left.pyc").write_bytes(b"left")
    assert ran(copy.run("dvc", "repro")) == []


def test_metrics_and_plots_can_be_shown_without_a_server(copy: Project) -> None:
    assert "results/figures/demo_1/metrics.json" in copy.run("dvc", "metrics", "show", "--md")
    page = copy.run("dvc", "plots", "show", "--out", "dvc_plots").strip().splitlines()[-1]
    assert page.endswith("index.html")


def test_an_edit_reruns_exactly_the_variant_it_touches_and_its_reversal_runs_nothing(
    copy: Project,
) -> None:
    before, params = copy.lock(), copy.params()
    copy.write_params(
        copy.params_with("demo_1", optimizer={"name": "sgd", "learning_rate": 0.05, "momentum": 0})
    )
    assert ran(copy.run("dvc", "repro")) == ["figures-evaluate@demo_1", "figures-train@demo_1"]
    (run,) = copy.runs("figures")
    assert run.data.params["optimizer.learning_rate"] == "0.05"

    copy.write_params(params)
    assert ran(copy.run("dvc", "repro")) == []
    assert copy.lock() == before
    assert len(copy.runs("figures")) == 1


def test_a_new_variant_is_a_few_lines_of_parameters(copy: Project) -> None:
    params = copy.params()
    networks = params["figures"]["networks"]
    networks["wider"] = networks["demo_1"] | {"layers": [{"width": 64, "activation": "gelu"}]}
    copy.write_params(params)
    assert ran(copy.run("dvc", "repro")) == ["figures-evaluate@wider", "figures-train@wider"]


def test_a_forced_second_run_gives_the_same_lock_bit_for_bit(copy: Project) -> None:
    before, results = copy.lock(), copy.snapshot("results")
    assert len(ran(copy.run("dvc", "repro", "--force"))) > 10
    assert copy.lock() == before
    assert copy.snapshot("results") == results


def test_a_wrong_parameter_stops_with_one_line_and_loses_nothing(copy: Project) -> None:
    before = copy.snapshot("results", "data")
    params = copy.params()
    copy.write_params(copy.params_with("demo_1", epochs=0))
    said = "figures.networks.demo_1.epochs = 0: accepted is greater than or equal to 1"

    (line,) = copy.run("python", "-m", "stages.params", succeeds=False).splitlines()
    assert said in line
    assert copy.snapshot("results", "data") == before

    # DVC takes a stage's outputs away before it runs; its cache gives them back.
    output = copy.run("dvc", "repro", succeeds=False)
    assert said in output
    assert "Traceback" not in output
    copy.write_params(params)
    assert ran(copy.run("dvc", "repro")) == []
    assert copy.snapshot("results", "data") == before


def test_a_damaged_input_is_refused_with_one_line(copy: Project) -> None:
    file = copy.root / "data" / "raw" / "figures" / "centred.npz"
    content = file.read_bytes()
    file.unlink()  # a file of DVC's may be a link into its cache
    file.write_bytes(content[: len(content) // 2])
    output = copy.run("python", "-m", "stages.figures.train", "demo_1", succeeds=False)
    (line,) = output.splitlines()
    assert line.startswith("figures-train@demo_1: data/raw/figures/centred.npz")


def test_an_experiment_in_a_folder_of_its_own_is_recorded_beside_the_others(
    copy: Project,
) -> None:
    before = copy.snapshot("results")
    change = "figures.networks.demo_1.optimizer.learning_rate=0.2"
    target = "figures-evaluate@demo_1"
    copy.run("dvc", "exp", "run", "--temp", "--name", "faster", "--set-param", change, target)
    (run,) = copy.runs("figures")
    assert run.data.params["optimizer.learning_rate"] == "0.2"
    assert run.data.tags["dvc_experiment"] == "faster"
    assert copy.snapshot("results") == before
