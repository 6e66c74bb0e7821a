"""A real tracking server, what may come between it and a stage, and stages that start at once."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import mlflow

from tests.store_contents import contents
from tests.workflow.project import Project

#: What becomes of a request, by its number and its first line: it is answered or refused, its
#: answer is an error or comes late, or it is carried out but its answer gets lost.
Fate = Callable[[int, str], str]
ANSWERED, REFUSED, ERROR, LATE, LOST = "answered", "refused", "error", "late", "lost"
SECONDS_LATE = 5.0

_READING = ("/search", "/get", "GET ")  # some searches are POSTs
_STARTER = """
import json, os, runpy, sys, warnings
import stages.figures.evaluate, stages.figures.train, stages.publish  # slow, and so done once

for line in sys.stdin:
    order = json.loads(line)
    process = os.fork()
    if not process:
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1), os.dup2(output, 2)
        os.environ |= order["environment"]
        sys.argv = order["command"]
        warnings.simplefilter("ignore", RuntimeWarning)  # that the module is known
        runpy.run_module(order["command"][0], run_name="__main__", alter_sys=True)
        sys.exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


def answered(_number: int, _asked: str) -> str:
    return ANSWERED


class Way:
    """The way to a server, on which every request may meet its fate."""

    def __init__(self, server: str) -> None:
        host = server.removeprefix("http://")
        self.prepare(answered)
        counted = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(handler) -> None:  # noqa: N805
                handler.raw_requestline = handler.rfile.readline(65537)
                if not handler.raw_requestline or not handler.parse_request():
                    handler.close_connection = True
                    return
                body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
                asked = f"{handler.command} {handler.path}"
                with counted:
                    self.count += 1
                    fate = self.fate(self.count, asked)
                    if not any(word in asked for word in _READING):
                        self.writing.append(asked)
                if fate == LATE:
                    self.late += 1
                    time.sleep(SECONDS_LATE)
                if fate == REFUSED:
                    handler.close_connection = True
                    return
                if fate == ERROR:
                    handler.answer(500, {}, b"{}")
                    return
                connection = http.client.HTTPConnection(host)
                connection.request(handler.command, handler.path, body, dict(handler.headers))
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                if fate == LOST:
                    handler.close_connection = True
                    return
                handler.answer(answer.status, dict(answer.headers), content)

            def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response(status)
                for name in ("Content-Type", "Location"):
                    if name in headers:
                        self.send_header(name, headers[name])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def prepare(self, fate: Fate) -> None:
        """Count anew."""
        self.fate = fate
        self.count = 0
        self.late = 0
        self.writing: list[str] = []

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Server:
    """`mlflow server` with a database and artifacts of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.artifacts = folder / "artifacts"
        self._asides = 0
        log = (folder / "log.txt").open("w")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
                *("--port", str(port), "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{folder / 'store.db'}"),
                *("--artifacts-destination", str(self.artifacts)),
            ],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self.address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 300
        while not self._answers():
            assert self._process.poll() is None, (folder / "log.txt").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        self.client = mlflow.MlflowClient(self.address)

    def _answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.address}/health", timeout=5):
            return True
        return False

    def put_aside(self, experiment: str = "figures") -> None:
        """Let the next one begin with an empty experiment."""
        found = self.client.get_experiment_by_name(experiment)
        if found:
            self._asides += 1
            self.client.rename_experiment(found.experiment_id, f"{experiment}, {self._asides}")

    def told(self, experiment: str = "figures") -> dict[str, Any]:
        """Return all that it tells of an experiment."""
        found = self.client.get_experiment_by_name(experiment)
        if not found:
            return {}
        own = found.experiment_id
        return contents(self.client, own, self.artifacts / own)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(60)


class Stages:
    """Starts stages of a project as processes of their own that have imported everything."""

    def __init__(self, project: Project) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _STARTER],
            cwd=project.root,
            env=project.environment | {"TRACKING_REQUIRED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._output = project.root.with_name(f"output_{self._process.pid}.txt")

    def run(self, *command: str, succeeds: bool = True, **environment: str) -> str:
        order = {"command": command, "environment": environment, "output": str(self._output)}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + os.linesep)
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        said = self._output.read_text()
        assert (code == 0) == succeeds, said
        return said

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Server]:
    server = Server(folder, port)
    try:
        yield server
    finally:
        server.close()
