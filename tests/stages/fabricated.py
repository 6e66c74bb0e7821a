"""A project whose results were made up, for what only reads results."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from stages.layout import ROOT
from stages.params import load_params
from stages.report import write_page
from tests.workflow.project import Project

#: Headlines by pipeline, each with the heading of its column.
HEADLINES = {
    "figures": {
        "accuracy": "accuracy",
        "accuracy_low": "at least",
        "cross_entropy": "cross-entropy nats",
        "loss": "loss",
    },
    "digits": {
        "reconstruction_accuracy": "read right",
        "squared_error": "squared error",
        "predictability": "predictable",
        "stacked_predictability": "… of stacks",
        "frechet_distance": "Fréchet distance",
        "nll": "NLL nats",
        "elbo": "ELBO nats",
        "anomaly_auroc": "AUROC",
        "anomaly_average_precision": "average precision",
    },
    "imbalance": {
        "rmse": "RMSE MW",
        "rmse_low": "95 % interval MW",
        "rmse_high": "95 % interval MW",
        "mae": "MAE MW",
        "crps": "CRPS MW",
        "skill": "skill",
        "coverage_80": "within 80 %",
        "coverage_90": "within 90 %",
    },
}
LARGE = ("MW", "nats", "error")
PICTURES = {
    "figures": ("mistakes", "confusion_matrix", "loss_curves"),
    "digits": ("reconstructions_stacked", "anomalies_mono"),
    "imbalance": ("forecasts",),
}


#: Where the code finds what lies in the project's root.
PLACES = {
    "stages.command.ROOT": "",
    "stages.layout.RESULTS": "results",
    "stages.layout.SCRATCH": ".scratch",
    "stages.provenance.ROOT": "",
    "stages.report.LOCK": "dvc.lock",
    "stages.report.PARAMS": "params.yaml",
    "stages.report.RESULTS": "results",
    "stages.report.WORKFLOW": "dvc.yaml",
}


def fabricated_project(root: Path) -> Project:
    """Make a repository of the real parameters and of made-up results, all of them committed."""
    project = Project(root, dict(os.environ))
    for name in ("params.yaml", "dvc.yaml", ".gitignore"):
        shutil.copy2(ROOT / name, root / name)
    project.run("git", "init", "--quiet")
    rng = np.random.default_rng(5)
    for pipeline, names in variants(project).items():
        for variant in names:
            numbers = {
                name: float(rng.uniform(0.2, 0.9)) * (100 if title.endswith(LARGE) else 1)
                for name, title in HEADLINES[pipeline].items()
            }
            write_metrics(project, pipeline, variant, {"test": numbers})
            for picture in PICTURES[pipeline]:
                draw(project, f"{pipeline}/{variant}/plots/{picture}.png", rng)
    write_metrics(project, "digits", "verifier", {"test": {"accuracy": 0.75, "loss": 0.5}})
    reference, others = (
        "ridge",
        [name for name in variants(project)["imbalance"] if name != "ridge"],
    )
    tests = {f"diebold_mariano_against_{reference}": -9.15, f"p_value_against_{reference}": 5.6e-20}
    write_metrics(project, "comparison", "imbalance", dict.fromkeys(others, tests))
    draw(project, "comparison/imbalance/plots/error_by_step.png", rng)
    output = "{path: data/raw/digits, hash: md5, md5: d0193be1.dir, size: 54950048, nfiles: 4}"
    (project.root / "dvc.lock").write_text(
        f"schema: '2.0'\nstages:\n  digits-fetch: {{cmd: …, outs: [{output}]}}\n"
    )
    commit(project)
    return project


def write_report(project: Project) -> str:
    """Write the project's report and return it."""
    with pytest.MonkeyPatch.context() as patched:
        for name, place in PLACES.items():
            patched.setattr(name, project.root / place)
        write_page(load_params(project.root / "params.yaml"))
    return (project.root / "results" / "report.html").read_text()


def variants(project: Project) -> dict[str, list[str]]:
    """Name the variants of each pipeline."""
    params = project.params()
    return {
        "figures": list(params["figures"]["networks"]),
        "digits": list(params["digits"]["autoencoders"]),
        "imbalance": list(params["imbalance"]["variants"]),
    }


def write_metrics(project: Project, pipeline: str, variant: str, document: Any) -> None:
    """Write the `metrics.json` of a variant."""
    folder = project.root / "results" / pipeline / variant
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_text(json.dumps(document))


def read_metrics(project: Project, pipeline: str, variant: str) -> Any:
    """Read the `metrics.json` of a variant."""
    path = project.root / "results" / pipeline / variant / "metrics.json"
    return json.loads(path.read_text())


def draw(project: Project, file: str, rng: np.random.Generator) -> None:
    """Write a picture of noise under `results/`."""
    path = project.root / "results" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    matplotlib.image.imsave(path, rng.random((90, 150, 3)))


def commit(project: Project) -> None:
    """Commit all that there is."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    project.run("git", "add", "--all")
    project.run("git", *identity, "commit", "--quiet", "--allow-empty", "--message", "Results")
