"""A small copy of the project, in which the real workflow runs in a minute."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow
from ruamel.yaml import YAML

from stages.layout import ROOT

PARAMS = YAML(typ="safe", pure=True)
VARIANTS = ("default", "demo_1", "reference")
AUTOENCODERS = ("ae", "vae_missing")
FORECASTERS = ("ridge", "lstm_altered")


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


def smoke_params() -> Any:
    """Return the project's parameters with little data, few variants and few epochs."""
    params = PARAMS.load((ROOT / "params.yaml").read_text())
    figures = params["figures"]
    figures["networks"] = {name: figures["networks"][name] for name in VARIANTS}
    used = {network["dataset"] for network in figures["networks"].values()}
    figures["datasets"] = {name: figures["datasets"][name] for name in used}
    for dataset in figures["datasets"].values():
        dataset["count"] = 60
    for network in figures["networks"].values():
        network["epochs"] = 2
    params["digits"]["source"] = "sklearn"
    params["digits"]["verifier"]["epochs"] = 2
    autoencoders = params["digits"]["autoencoders"]
    params["digits"]["autoencoders"] = {name: autoencoders[name] for name in AUTOENCODERS}
    for autoencoder in autoencoders.values():
        autoencoder |= {"epochs": 2, "mixture_components": 5}
    params["digits"]["evaluation"] |= {
        "samples": 200,
        "mode_samples": 300,
        "sampling_seeds": 2,
        "likelihood_images": 5,
        "likelihood_samples": 50,
        "marginal_samples": 200,
    }
    imbalance = params["imbalance"]
    imbalance["simulation"]["days"] = 20
    variants = imbalance["variants"]
    imbalance["variants"] = {name: variants[name] for name in FORECASTERS}
    variants["lstm_altered"] |= {"hidden": 4, "windows": 200, "epochs": 2, "networks": 2}
    return params


def copy_project(root: Path) -> Project:
    """Copy what git would commit, as it stands, into a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(
            ("tests/", "results/", "data/raw/", "data/prepared/", "dvc.lock")
        ):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DVC_", "MLFLOW_"))
    }
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment["TRACKING_REQUIRED"] = "1"
    project = Project(root, environment)
    project.write_params(smoke_params())
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    project.run("git", "init", "--quiet")
    project.run("git", "add", "--all")
    project.run("git", *identity, "commit", "--quiet", "--message", "A small copy")
    return project
