"""Models from the MLflow store return predictions, and the champion is served locally."""

import json
import os
import shlex
import signal

import mlflow
import numpy as np
import psutil
import pytest

from pipelines.digits.data.mnist import read_digits
from pipelines.figures.data.drawing import CLASSES
from pipelines.imbalance.data.parquet_file import read_table
from stages.imbalance.serving import example
from tests.workflow.project import MAKE, Project, answers, held_port, wait_until


def load(project: Project, pipeline: str, variant: str) -> mlflow.pyfunc.PyFuncModel:
    (model,) = project.run_of(pipeline, variant).outputs.model_outputs
    mlflow.set_tracking_uri(f"sqlite:///{project.root / 'mlflow.db'}")
    return mlflow.pyfunc.load_model(f"models:/{model.model_id}")


@pytest.mark.parametrize("variant", ["demo_1", "cnn"])
def test_a_network_classifies_figures_and_refuses_other_shapes(
    finished: Project, variant: str
) -> None:
    served = load(finished, "figures", variant)
    predictions = served.predict(np.zeros((3, 30, 30), np.uint8))
    np.testing.assert_allclose(predictions[list(CLASSES)].sum(axis=1), 1, atol=1e-5)
    assert set(predictions["figure"]) <= set(CLASSES)
    with pytest.raises(mlflow.MlflowException, match="shape"):
        served.predict(np.zeros((2, 31, 31), np.uint8))


def test_the_verifier_classifies_and_an_autoencoder_reconstructs_and_samples(
    finished: Project,
) -> None:
    images = read_digits(finished.root / "data" / "raw" / "digits").test_images[:3]
    predictions = load(finished, "digits", "verifier").predict(images)
    assert set(predictions) == {"digit", *map(str, range(10))}
    served = load(finished, "digits", "vae_missing")
    parameters = {"samples": 4, "sampler": "prior", "seed": 1}
    predictions = served.predict(images, params=parameters)
    assert np.shape(predictions["reconstruction"]) == (3, 28, 28)
    assert len(predictions["anomaly_score"]) == len(predictions["reconstruction_error"]) == 3
    assert np.shape(predictions["samples"]) == (4, 28, 28)
    for name, value in {"samples": -1, "sampler": "elsewhere", "seed": -1}.items():
        with pytest.raises(mlflow.MlflowException, match=f"{name} = .*: must be"):
            served.predict(images, params=parameters | {name: value})


def test_a_forecaster_refuses_a_request_with_a_gap_or_without_plans(finished: Project) -> None:
    request = example(read_table(finished.root / "data/raw/imbalance/table.parquet"))
    served = load(finished, "imbalance", "lstm_residual")
    assert served.predict(request)["time"].iloc[-1] == request["start_time"].iloc[-1]
    with pytest.raises(mlflow.MlflowException, match="plans: 0 rows after the last y"):
        served.predict(request.iloc[:-24])
    with pytest.raises(mlflow.MlflowException, match="start_time: 1 gaps"):
        served.predict(request.drop(index=[700, 701]))


def test_the_champion_answers_the_printed_request_on_localhost_until_ctrl_c(
    finished: Project,
) -> None:
    with held_port() as port:
        process = finished.start(*MAKE, "serve", "PIPELINE=imbalance", f"PORT={port}")
        try:
            lines = [process.stdout.readline() for _ in range(2)]
            command = next(line for line in lines if line.startswith("curl "))
            address = f"http://127.0.0.1:{port}/ping"
            wait_until(lambda: answers(address) or process.poll() is not None)
            program, *arguments = shlex.split(command)
            rows = json.loads(finished.run(program, "--silent", *arguments))["predictions"]
            assert [row["step"] for row in rows] == list(range(1, 25))
            for row in rows:
                assert row["lower_90"] < row["lower_80"] < row["upper_80"] < row["upper_90"]
            server = psutil.Process(process.pid)
            group = [server, *server.children(recursive=True)]
            sockets = [socket for each in group for socket in each.net_connections()]
            listening = {each.laddr for each in sockets if each.status == psutil.CONN_LISTEN}
            assert listening == {("127.0.0.1", port)}
            os.killpg(process.pid, signal.SIGINT)
            _, alive = psutil.wait_procs(group, timeout=60)
            assert alive == []
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
