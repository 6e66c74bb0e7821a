"""Serve the champion of a pipeline on 127.0.0.1.

The command writes an example request, prints a `curl` command that sends it, and starts MLflow's
model server.
"""

import os
import shlex
import socket
import sys
from pathlib import Path
from typing import NoReturn

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.models.utils import load_serving_example

from stages import paths
from stages.commands.command_line import run_command
from stages.errors import StageError
from stages.outputs.atomic import atomic_write
from stages.registry import PIPELINES
from stages.tracking.champion import ALIAS
from stages.tracking.store import prepare_store, public, tolerating_failures

HOST = "127.0.0.1"


def serve(pipeline: str, port: str) -> NoReturn:
    """Serve the champion until Ctrl-C.

    Args:
        pipeline: Name of the registered model.
        port: Port of the server.

    Raises:
        StageError: The pipeline, its champion or a model file is missing, or the port is in use.
        TrackingError: The store fails.
    """
    names = [each.name for each in PIPELINES]
    if pipeline not in names:
        raise StageError(f"PIPELINE = {pipeline!r}: must be one of {', '.join(names)}")
    _check_port(pipeline, port)
    os.environ["TRACKING_REQUIRED"] = "1"
    with tolerating_failures():
        address = prepare_store()
        version = _champion(pipeline)
        request = _write_request(version)
    print(
        f"{pipeline}: {version.tags.get('variant')}, version {version.version}, "
        f"starts on http://{HOST}:{port}; Ctrl-C stops it. A request:\n"
        f"curl http://{HOST}:{port}/invocations -H 'Content-Type: application/json' "
        f"-d @{shlex.quote(paths.relative(request))}",
        flush=True,
    )
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": address,
        # MLflow looks up uvicorn in PATH.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
    command += ["--model-uri", f"models:/{pipeline}@{ALIAS}", "--host", HOST, "--port", port]
    os.execve(sys.executable, command, environment)


def _check_port(pipeline: str, port: str) -> None:
    """Refuse a port that is invalid or in use before MLflow loads the model."""
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
        raise StageError(f"PORT = {port!r}: must be a number from 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # like the server
        try:
            probe.bind((HOST, int(port)))
        except OSError as problem:
            hint = f"choose another one: make serve PIPELINE={pipeline} PORT=…"
            raise StageError(f"port {port} of {HOST}: {problem.strerror}; {hint}") from None


def _champion(pipeline: str) -> ModelVersion:
    try:
        return mlflow.MlflowClient().get_model_version_by_alias(pipeline, ALIAS)
    except mlflow.MlflowException as problem:
        if problem.error_code not in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"):
            raise
        raise StageError(
            f"{pipeline} has no {ALIAS} yet; register it with `make publish`"
        ) from None


def _write_request(version: ModelVersion) -> Path:
    """Write the input example of a model as a request."""
    path = paths.SCRATCH / "requests" / f"{version.name}.json"
    try:
        example = load_serving_example(f"models:/{version.name}@{ALIAS}")
    except (mlflow.MlflowException, OSError):
        place = mlflow.MlflowClient().get_model_version_download_uri(version.name, version.version)
        stage = f"{version.name}-train@{version.tags.get('variant')}"
        raise StageError(
            f"the files of {version.name}, version {version.version}, are not at {public(place)}; "
            f"restore them, or train again: dvc repro --force --single-item {stage}, make repro"
        ) from None
    with atomic_write(path) as draft:
        draft.write_text(example, encoding="utf-8")
    return path


if __name__ == "__main__":
    run_command("serve", serve)
