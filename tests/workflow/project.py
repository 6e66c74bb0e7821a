"""A small copy of the project, in which the real workflow runs in a minute."""

import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
from ruamel.yaml import YAML

from stages import smoke

PARAMS = YAML(typ="safe", pure=True)


@dataclass
class Project:
    """A checkout, and what a person types in it."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Whoever runs the tests in the background may have Ctrl-C ignored, which is inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *command: str, succeeds: bool = True) -> str:
        process = self.start(*command)
        output, _ = process.communicate(timeout=900)
        assert (process.returncode == 0) == succeeds, output
        return output

    def params(self) -> Any:
        return PARAMS.load((self.root / "params.yaml").read_text())

    def params_with(self, network: str, **changes: object) -> Any:
        params = self.params()
        params["figures"]["networks"][network] |= changes
        return params

    def write_params(self, params: Mapping[str, Any]) -> None:
        with (self.root / "params.yaml").open("w") as file:
            PARAMS.dump(params, file)

    def lock(self) -> str:
        return (self.root / "dvc.lock").read_text()

    def runs(self, pipeline: str) -> list[mlflow.entities.Run]:
        client = mlflow.MlflowClient(f"sqlite:///{self.root / 'mlflow.db'}")
        experiment = client.get_experiment_by_name(pipeline)
        return client.search_runs([experiment.experiment_id]) if experiment else []

    def snapshot(self, *folders: str) -> dict[str, bytes]:
        """Read all files but the report, which tells when it was written."""
        files = [path for folder in folders for path in (self.root / folder).rglob("*")]
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(files)
            if path.is_file() and path.name != "report.html"
        }

    def half_written(self) -> list[str]:
        """Name the drafts among data and results. (One of the store goes when it is next made.)"""
        folders = (self.root / "data", self.root / "results")
        return [path.name for folder in folders for path in folder.rglob(".writing-*")]


def copy_project(root: Path) -> Project:
    """Copy what git would commit, as it stands, into a repository of its own."""
    smoke.copy_project(root)
    environment = smoke.environment()
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # of the `make test` that runs this
        environment.pop(name, None)
    return Project(root, environment)
