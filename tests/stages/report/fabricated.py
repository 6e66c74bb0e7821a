"""A project with fabricated results of the real pipelines, for tests that read results."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from stages import paths
from stages.params import load_params
from stages.registry import PIPELINES
from stages.report.__main__ import report

ROOT = paths.ROOT
PICTURE = (90, 150, 3)


@contextmanager
def moved(root: Path) -> Iterator[Path]:
    """Redirect all paths of `stages` to another project."""
    own = {name: value for name, value in vars(paths).items() if isinstance(value, Path)}
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("DVC_EXP_NAME", raising=False)
        for module in [found for name, found in sys.modules.items() if name.startswith("stages")]:
            for name, value in own.items():
                if vars(module).get(name) == value:
                    patched.setattr(module, name, root / value.relative_to(ROOT))
        yield root


def fabricate(root: Path) -> Path:
    """Write fabricated results for the parameters of the project, and commit them."""
    for name in ("params.yaml", "dvc.yaml", ".gitignore", ".dvc/config"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, root / name)
    rng, params = np.random.default_rng(5), load_params(root / "params.yaml")
    for pipeline in PIPELINES:
        for model in pipeline.models(params):
            metrics = pipeline.metrics_of(model)
            values = {each.name: float(rng.uniform(0.2, 0.9)) for each in metrics}
            own = {each.name: values[each.name] for each in metrics if each.in_summary}
            folder = root / "results" / pipeline.name / model
            steps = {f"rmse_step_{step:02}": 1.0 for step in range(1, 25)}
            write(folder / "scores.json", {"test": {**own, **steps}, "by_seed": {}})
            write(folder / "metrics.json", {"test": own})
            if len(own) < len(values):
                write(
                    folder / "comparison.json", {n: values[n] for n in values.keys() - own.keys()}
                )
            for file in pipeline.section.plots:
                if not file.startswith(f"{pipeline.name}/{{"):
                    continue
                picture = folder / "plots" / Path(file).name
                picture.parent.mkdir(exist_ok=True)
                matplotlib.image.imsave(picture, rng.random(PICTURE))
    output = "{path: data/raw/digits, hash: md5, md5: d0193be1.dir, size: 54950048, nfiles: 4}"
    lock = f"schema: '2.0'\nstages:\n  digits-fetch: {{cmd: …, outs: [{output}]}}\n"
    (root / "dvc.lock").write_text(lock)
    git(root, "init", "--quiet")
    commit(root)
    return root


def write_report(root: Path, *, compares: bool = True) -> str:
    """Run the stage `report` in a fabricated project and return the report.

    Without the comparison with the last commit, this takes 0.5 s instead of 2 s.
    """
    with moved(root), pytest.MonkeyPatch.context() as patched:
        if not compares:
            patched.setattr("stages.report.__main__.changes_since_commit", lambda _: None)
        report(load_params(root / "params.yaml"))
    return (root / "results" / "report.html").read_text()


def models(root: Path) -> dict[str, list[str]]:
    """Return the variants of each pipeline."""
    params = load_params(root / "params.yaml")
    return {pipeline.name: list(pipeline.variants(params)) for pipeline in PIPELINES}


def write(file: Path, document: Any) -> None:
    """Write a JSON file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document))


def change(file: Path, **metrics: float) -> None:
    """Change some metrics of a `metrics.json`."""
    document = json.loads(file.read_text())
    write(file, document | {"test": document["test"] | metrics})


def commit(root: Path) -> None:
    """Commit all files."""
    git(root, "add", "--all")
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    git(root, *identity, "commit", "--quiet", "--allow-empty", "--message", "Results")


def git(root: Path, *arguments: str) -> str:
    """Run Git in a project."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
