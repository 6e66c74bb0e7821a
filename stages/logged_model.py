"""The model of a run as MLflow keeps it: without pickle, fit to be served, and one alone."""

import importlib.metadata
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.models import Model

from stages.layout import ROOT

if TYPE_CHECKING:
    from mlflow.models import ModelSignature


@dataclass(frozen=True)
class ServedModel:
    """What `mlflow models serve` needs beside the saved model.

    Attributes:
        code: the module that defines and sets the pyfunc model (models from code).
        signature: what goes in and what comes out.
        example: an input.
        requirements: packages to pin at the versions installed here.
    """

    code: Path
    signature: "ModelSignature"
    example: Any
    requirements: Sequence[str]


def send_model(run: str, files: Path, served: ServedModel) -> None:
    """Log a model to a run that does not have it whole already.

    Args:
        run: id of the run.
        files: the folder of the saved model, given to it as the artifact `model`.
        served: what a server needs beside them.
    """
    client = mlflow.MlflowClient()
    model = _model_of(client.get_run(run))
    if model.status == LoggedModelStatus.READY:
        return
    versions = {name: importlib.metadata.version(name) for name in served.requirements}
    with tempfile.TemporaryDirectory() as folder:
        _copy_code(served.code.parent.name, Path(folder))
        mlflow.pyfunc.save_model(
            f"{folder}/model",
            mlflow_model=Model(
                model.artifact_location,
                run,
                model_uuid=model.model_id,
                model_id=model.model_id,
            ),
            python_model=str(served.code),
            artifacts={"model": str(files)},
            code_paths=[f"{folder}/pipelines"],
            signature=served.signature,
            input_example=served.example,
            pip_requirements=[
                # The build of torch for one kind of machine is no requirement on another.
                f"{package}=={version.partition('+')[0]}"
                for package, version in versions.items()
            ],
        )
        client.log_model_artifacts(model.model_id, f"{folder}/model")
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)


def _copy_code(pipeline: str, folder: Path) -> None:
    """Copy the library without the other pipelines, none of which this one imports.

    A server takes every file as a request of its own.
    """
    others = {path.parent.name for path in (ROOT / "stages").glob("*/params.py")} - {pipeline}
    left_out = shutil.ignore_patterns("__pycache__", *others)
    shutil.copytree(ROOT / "pipelines", folder / "pipelines", ignore=left_out)


def _model_of(run: mlflow.entities.Run) -> LoggedModel:
    """Find or make the logged model of a run; whether it is whole, its status tells.

    `mlflow.pyfunc.log_model` would attach a second one after a first that was half sent.
    """
    client, experiment = mlflow.MlflowClient(), run.info.experiment_id
    if run.outputs.model_outputs:
        return client.get_logged_model(run.outputs.model_outputs[0].model_id)
    of_it = f"source_run_id = '{run.info.run_id}'"
    if not client.search_logged_models([experiment], of_it):
        client.create_logged_model(experiment, "model", run.info.run_id, params=run.data.params)
    first, *spare = client.search_logged_models([experiment], of_it)
    for each in spare:
        client.delete_logged_model(each.model_id)
    client.log_outputs(run.info.run_id, [LoggedModelOutput(first.model_id, step=0)])
    return first
