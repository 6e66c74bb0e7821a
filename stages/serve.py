"""Serve the champion of a pipeline to this machine alone, as `make serve` does.

`python -m stages.serve PIPELINE PORT` writes an example request, prints the command that sends it,
and becomes MLflow's server of the model.
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
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode

from stages.champions import ALIAS
from stages.command import StageError, relative
from stages.layout import SCRATCH
from stages.outputs import whole
from stages.ranking import RANKINGS
from stages.run import FAILURES
from stages.store import prepare_store, public_address, reason_of, store_address

HOST = "127.0.0.1"
_ABSENT = [ErrorCode.Name(code) for code in (INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST)]


def serve(pipeline: str, port: str) -> NoReturn:
    """Serve the champion until Ctrl-C.

    Args:
        pipeline: whose champion.
        port: where it listens, on 127.0.0.1.

    Raises:
        StageError: there is no such pipeline, no champion, no model file or no free port.
    """
    if pipeline not in RANKINGS:
        raise StageError(f"PIPELINE: {pipeline!r}, one of {', '.join(RANKINGS)} expected")
    _claim(pipeline, port)
    address = prepare_store()
    version = _champion(pipeline)
    model = f"models:/{pipeline}@{ALIAS}"
    request = _write_request(pipeline, model, version)
    print(
        f"{pipeline}: {version.tags.get('variant')}, version {version.version}, "
        f"comes up on http://{HOST}:{port}; Ctrl-C ends it. Then ask it:\n"
        f"curl http://{HOST}:{port}/invocations -H 'Content-Type: application/json' "
        f"-d @{shlex.quote(relative(request))}",
        flush=True,
    )
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": address,
        # MLflow starts uvicorn by its name.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
    command += ["--model-uri", model, "--host", HOST, "--port", port]
    os.execve(sys.executable, command, environment)


def _claim(pipeline: str, port: str) -> None:
    """See to it that the port is one, and free, before MLflow takes its time."""
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
        raise StageError(f"PORT: {port!r}, a number from 1 to 65535 expected")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will
        try:
            probe.bind((HOST, int(port)))
        except OSError as problem:
            raise StageError(
                f"port {port} of {HOST}: {problem.strerror}; choose another one: "
                f"make serve PIPELINE={pipeline} PORT=…"
            ) from None


def _champion(pipeline: str) -> ModelVersion:
    try:
        return mlflow.MlflowClient().get_model_version_by_alias(pipeline, ALIAS)
    except mlflow.MlflowException as problem:
        if problem.error_code not in _ABSENT:
            raise
        raise StageError(f"{pipeline} has no {ALIAS} yet; `make repro` registers it") from None


def _write_request(pipeline: str, model: str, version: ModelVersion) -> Path:
    path = SCRATCH / "requests" / f"{pipeline}.json"
    try:
        example = load_serving_example(model)
    except (mlflow.MlflowException, OSError):
        place = mlflow.MlflowClient().get_model_version_download_uri(pipeline, version.version)
        raise StageError(
            f"the files of {pipeline}, version {version.version}, are not at "
            f"{public_address(place)}; bring them there, or train it anew: dvc repro --force "
            f"--single-item {pipeline}-train@{version.tags.get('variant')}, then make repro"
        ) from None
    with whole(path) as draft:
        draft.write_text(example, encoding="utf-8")
    return path


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m stages.serve PIPELINE PORT")
    try:
        serve(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except StageError as problem:
        sys.exit(f"serve: {problem}")
    except OSError as problem:
        sys.exit(f"serve: {public_address(str(problem))}")
    except FAILURES as problem:
        sys.exit(f"serve: {public_address(store_address())} failed ({reason_of(problem)})")
