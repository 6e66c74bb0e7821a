"""Log the model of a run so that MLflow can serve it; it is saved without pickle."""

import importlib.metadata
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.models import ModelSignature

from stages.paths import ROOT


@dataclass(frozen=True)
class ServedModel:
    """Everything that `mlflow models serve` needs in addition to the saved model.

    Attributes:
        code: module that defines and sets the pyfunc model (models from code).
        signature: signature of the model.
        example: example of an input.
        requirements: packages to pin at their installed versions.
    """

    code: Path
    signature: ModelSignature
    example: Any
    requirements: Sequence[str]


def log_model(run: str, pipeline: str, files: Path, served: ServedModel) -> None:
    """Log a model to a run.

    Args:
        run: id of the run.
        pipeline: pipeline whose library is logged with the model. The other pipelines are left
            out, as each file takes a request.
        files: folder of the saved model, which becomes its artifact `model`.
        served: everything else that a server needs.
    """
    versions = {name: importlib.metadata.version(name) for name in served.requirements}
    shared = {"__pycache__", pipeline, "training"}
    others = [
        path.name
        for path in (ROOT / "pipelines").iterdir()
        if path.is_dir() and path.name not in shared
    ]
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_id=run):
        ignore = shutil.ignore_patterns("__pycache__", *others)
        shutil.copytree(ROOT / "pipelines", f"{folder}/pipelines", ignore=ignore)
        mlflow.pyfunc.log_model(
            name="model",
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
