"""Small copy of the project, and the commands that users run in it."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
import pytest
from ruamel.yaml import YAML

from stages.commands.command_line import separate_environment
from stages.commands.smoke import copy_project
from tests.store_contents import contents

PARAMS = YAML(typ="safe", pure=True)
PIPELINES = ("figures", "digits", "imbalance")
#: Runs make without its setup, because the environment of the tests is used.
MAKE = ("make", "--assume-old", ".venv/bin/.installed")

#: Variants of the smoke workflow, which params.smoke.yaml does not remove.
VARIANTS = {
    "figures": ("default", "demo_1", "best_mlp", "cnn"),
    "digits": ("ae", "vae_missing"),
    "imbalance": ("ridge", "lstm_residual"),
}


def _environment() -> dict[str, str]:
    make_variables = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # set by `make test`
    return {
        name: text for name, text in separate_environment().items() if name not in make_variables
    }


@dataclass
class Project:
    """A separate checkout of the project."""

    root: Path
    environment: dict[str, str] = field(default_factory=_environment)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A background job may have inherited an ignored SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *command: str, succeeds: bool = True, **environment: str) -> str:
        process = self.start(*command, **environment)
        output, _ = process.communicate(timeout=900)
        assert (process.returncode == 0) == succeeds, output
        return output

    def module(self, name: str, *arguments: str, succeeds: bool = True, **environment: str) -> str:
        """Run a stage or a command, for example `figures.train`."""
        command = ("python", "-m", f"stages.{name}", *arguments)
        return self.run(*command, succeeds=succeeds, **environment)

    def params(self) -> Any:
        return PARAMS.load((self.root / "params.yaml").read_text())

    def write_params(self, params: Mapping[str, Any]) -> None:
        with (self.root / "params.yaml").open("w") as file:
            PARAMS.dump(params, file)

    def change_network(self, name: str, **changes: object) -> None:
        params = self.params()
        params["figures"]["models"][name] |= changes
        self.write_params(params)

    def lock(self) -> str:
        return (self.root / "dvc.lock").read_text()

    def client(self) -> mlflow.MlflowClient:
        return mlflow.MlflowClient(f"sqlite:///{self.root / 'mlflow.db'}")

    def runs(self, pipeline: str) -> list[mlflow.entities.Run]:
        experiment = self.client().get_experiment_by_name(pipeline)
        return self.client().search_runs([experiment.experiment_id]) if experiment else []

    def run_of(self, pipeline: str, variant: str) -> mlflow.entities.Run:
        (run,) = (run for run in self.runs(pipeline) if run.info.run_name == variant)
        return run

    def logged(self, pipeline: str) -> dict[str, Any]:
        """Return the contents of the store for a pipeline, by variant."""
        experiment = self.client().get_experiment_by_name(pipeline)
        folder = self.root / "mlruns" / pipeline
        return contents(self.client(), experiment.experiment_id, folder)

    def snapshot(self, *folders: str) -> dict[str, bytes]:
        """Read all files except the report, which contains its date."""
        files = [path for folder in folders for path in (self.root / folder).rglob("*")]
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(files)
            if path.is_file() and path.name != "report.html"
        }

    def drafts(self) -> list[str]:
        """Return the names of incomplete outputs."""
        folders = (self.root / "data", self.root / "results")
        return [path.name for folder in folders for path in folder.rglob(".writing-*")]

    def show_curves_at_once(self) -> None:
        """Enable live curves, and thus runs, for short training runs."""
        file = self.root / "stages" / "tracking" / "live_curve.py"
        text = file.read_text()
        assert "SECONDS_UNTIL_LIVE = 10.0" in text
        file.write_text(text.replace("SECONDS_UNTIL_LIVE = 10.0", "SECONDS_UNTIL_LIVE = 0.0"))

    def wait_for_running(self, pipeline: str) -> mlflow.entities.Run:
        """Wait until a training has started an MLflow run, and return the run."""
        wait_until(lambda: any(run.info.status == "RUNNING" for run in self.runs(pipeline)))
        return self.runs(pipeline)[0]


def small_project(root: Path) -> Project:
    """Copy the project with smoke parameters to a new repository."""
    copy_project(root)
    return Project(root)


def duplicate(project: Project, root: Path, *, without: tuple[str, ...] = ()) -> Project:
    """Copy a project with its results, except temporary `*-journal` files of other tests."""
    ignored = shutil.ignore_patterns("*-journal", *without)
    shutil.copytree(project.root, root, symlinks=True, ignore=ignored)
    return Project(root)


def wait_until(condition: Callable[[], object], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=10).status == 200
    except OSError:
        return False


@contextmanager
def held_port() -> Iterator[int]:
    """Reserve a free port, on which a server with SO_REUSEADDR can still listen."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def cannot_run(reason: str, required: str) -> None:
    """Skip a test, or fail if the environment variable `required` is 1."""
    (pytest.fail if os.environ.get(required) == "1" else pytest.skip)(reason)
