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


def test_a_request_of_another_shape_is_refused(finished: Project) -> None:
    (run,) = (run for run in finished.runs("figures") if run.info.run_name == "demo_1")
    (model,) = run.outputs.model_outputs
    mlflow.set_tracking_uri(f"sqlite:///{finished.root / 'mlflow.db'}")
    served = mlflow.pyfunc.load_model(f"models:/{model.model_id}")
    with pytest.raises(mlflow.MlflowException, match="shape"):
        served.predict(np.zeros((2, 31, 31), np.uint8))
