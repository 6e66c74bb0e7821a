"""MLflow's tracking server in this process, whose answers may fail, get lost or come late."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.server import app
from mlflow.server.constants import (
    ARTIFACT_ROOT_ENV_VAR,
    ARTIFACTS_DESTINATION_ENV_VAR,
    BACKEND_STORE_URI_ENV_VAR,
    SERVE_ARTIFACTS_ENV_VAR,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.store_contents import contents

#: What becomes of a request, by its number: it is answered; it is refused; its answer is an error;
#: it is carried out, but the answer gets lost; the answer comes late.
Fate = Callable[[int], str]
ANSWERED, REFUSED, ERROR, LOST, LATE = "answered", "refused", "error", "lost", "late"
SECONDS_LATE = 5.0


class Server:
    """A server with a store of its own."""

    def __init__(self, folder: Path) -> None:
        self._artifacts = folder / "artifacts"
        self._former = 0
        self._counting = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.prepare()

    def prepare(self, fate: Fate = lambda number: ANSWERED) -> None:
        """Decide the fate of the next requests, and count them anew."""
        self.fate, self.count = fate, 0

    def begin_empty(self) -> None:
        """Rename the experiment, so that the next one begins without runs."""
        self.prepare()
        client = mlflow.MlflowClient(self.address)
        if found := client.get_experiment_by_name("figures"):
            self._former += 1
            client.rename_experiment(found.experiment_id, f"former {self._former}")

    def logged(self) -> dict[str, Any]:
        """Return what the store holds of the figures."""
        client = mlflow.MlflowClient(self.address)
        found = client.get_experiment_by_name("figures")
        return contents(client, found.experiment_id, self._artifacts / found.experiment_id)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._counting:
            self.count += 1
            fate = self.fate(self.count)
        if fate == LATE:
            time.sleep(SECONDS_LATE)
        if fate == REFUSED:
            self._drop(environ)
        if fate == ERROR:
            return Response("{}", status=500)(environ, start_response)
        response = Response.from_app(app, environ, buffered=True)
        if fate == LOST:
            self._drop(environ)
        return response(environ, start_response)

    def _drop(self, environ: dict[str, Any]) -> None:
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        environ["wsgi.input"].read()  # or the rest would pass for the next request
        raise ConnectionError


@contextmanager
def tracking_server(folder: Path) -> Iterator[Server]:
    """Start a server that ends with the `with`."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(BACKEND_STORE_URI_ENV_VAR, f"sqlite:///{folder / 'mlflow.db'}")
        environment.setenv(ARTIFACT_ROOT_ENV_VAR, "mlflow-artifacts:/")
        environment.setenv(ARTIFACTS_DESTINATION_ENV_VAR, str(folder / "artifacts"))
        environment.setenv(SERVE_ARTIFACTS_ENV_VAR, "true")
        server = Server(folder)
        yield server
        server.close()
