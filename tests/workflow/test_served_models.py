"""Models in MLflow answer to people who know nothing of this project's code."""

import json
from pathlib import Path

import mlflow
import numpy as np
import pytest

from pipelines.digits.mnist import read_digits
from pipelines.figures import CLASSES
from pipelines.figures.dataset import read_figure_set
from tests.workflow.project import Project


def answer(project: Project, pipeline: str, variant: str, images: object, tmp_path: Path) -> object:
    """Ask `mlflow models predict`, from a folder where the project cannot be imported."""
    (run,) = (run for run in project.runs(pipeline) if run.info.run_name == variant)
    (model,) = run.outputs.model_outputs
    request, reply = tmp_path / "request.json", tmp_path / "reply.json"
    request.write_text(json.dumps({"inputs": images}))
    elsewhere = Project(
        tmp_path,
        project.environment | {"MLFLOW_TRACKING_URI": f"sqlite:///{project.root / 'mlflow.db'}"},
    )
    elsewhere.run(
        *("mlflow", "models", "predict", "--env-manager", "local", "--content-type", "json"),
        *("--model-uri", f"models:/{model.model_id}"),
        *("--input-path", str(request), "--output-path", str(reply)),
    )
    return json.loads(reply.read_text())["predictions"]


@pytest.mark.parametrize("variant", ["demo_1", "reference"])
def test_a_figure_network_names_posted_figures(
    finished: Project, variant: str, tmp_path: Path
) -> None:
    data = {"demo_1": "centred", "reference": "large"}[variant]
    test = read_figure_set(finished.root / f"data/raw/figures/{data}.npz").test
    rows = answer(finished, "figures", variant, test.images[:3].tolist(), tmp_path)
    assert len(rows) == 3
    for row in rows:
        beliefs = [row[name] for name in CLASSES]
        assert sum(beliefs) == pytest.approx(1, abs=1e-5)
        assert row["figure"] == CLASSES[int(np.argmax(beliefs))]


def test_the_verifier_reads_posted_digits(finished: Project, tmp_path: Path) -> None:
    images = read_digits(finished.root / "data" / "raw" / "digits").test_images[:3]
    rows = answer(finished, "digits", "verifier", images.tolist(), tmp_path)
    assert [set(row) for row in rows] == [{"digit", *map(str, range(10))}] * 3
    assert all(row["digit"] in range(10) for row in rows)


def test_an_autoencoder_draws_posted_digits_again_judges_them_and_makes_new_ones(
    finished: Project, tmp_path: Path
) -> None:
    images = read_digits(finished.root / "data" / "raw" / "digits").test_images[:3]
    answers = answer(finished, "digits", "vae_missing", images.tolist(), tmp_path)
    assert set(answers) == {"reconstruction", "reconstruction_error", "anomaly_score", "samples"}
    assert np.shape(answers["reconstruction"]) == (3, 28, 28)
    assert len(answers["anomaly_score"]) == len(answers["reconstruction_error"]) == 3
    assert answers["samples"] == []
    served = load_model(finished, "digits", "vae_missing")
    wanted = {"samples": 4, "sampler": "prior", "seed": 1}
    assert served.predict(images, params=wanted)["samples"].shape == (4, 28, 28)
    for name, value in {"samples": -1, "sampler": "elsewhere", "seed": -1}.items():
        with pytest.raises(mlflow.MlflowException, match=f"{name}: .* expected"):
            served.predict(images, params=wanted | {name: value})


def test_a_request_of_another_shape_is_refused(finished: Project) -> None:
    served = load_model(finished, "figures", "demo_1")
    with pytest.raises(mlflow.MlflowException, match="shape"):
        served.predict(np.zeros((2, 31, 31), np.uint8))


def load_model(project: Project, pipeline: str, variant: str) -> mlflow.pyfunc.PyFuncModel:
    (run,) = (run for run in project.runs(pipeline) if run.info.run_name == variant)
    (model,) = run.outputs.model_outputs
    mlflow.set_tracking_uri(f"sqlite:///{project.root / 'mlflow.db'}")
    return mlflow.pyfunc.load_model(f"models:/{model.model_id}")
