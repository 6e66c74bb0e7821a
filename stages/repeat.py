"""Repeats a run of MLflow from its commit and its parameters, and compares what comes out.

`python -m stages.repeat RUN` works in a copy of its own, `.scratch/repeat/RUN`, with an empty cache
and its own tracking store; the project, its results and its store stay as they are.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.layout import PROJECT, SCRATCH
from stages.run import FAILURES
from stages.store import prepare_store, public_address, reason_of, store_address

#: What an evaluation has measured; the seed's headlines stand in the run of one seed among several.
_MEASURED = ("test/", "headline/", "seeds/")
_TAGS = ("git_commit", "pipeline", "variant", "seed", "fingerprint")
_SHOWN = 5


class RepeatError(Exception):
    """Raised when a run cannot be repeated; one line."""


@dataclass(frozen=True)
class Recipe:
    """What a run was made from.

    Attributes:
        commit: of the project.
        dirty: whether code had been changed since that commit.
        stage: the last stage of its variant, as DVC names it.
    """

    commit: str
    dirty: bool
    stage: str


def repeat(run_id: str) -> str:
    """Compute a run once more and compare it with the first.

    Args:
        run_id: id of the run in the project's tracking store.

    Returns:
        The closing line.

    Raises:
        RepeatError: it cannot be repeated, or other numbers came out.
    """
    prepare_store()
    client = mlflow.MlflowClient()
    try:
        run = client.get_run(run_id)
        # One of several seeds is repeated together with the others.
        parent = client.get_run(run.data.tags.get(MLFLOW_PARENT_RUN_ID, run_id))
    except MlflowException as problem:
        raise RepeatError(public_address(" ".join(str(problem).split()))) from None
    recipe = recipe_of(parent)
    if not _measured(run):
        raise RepeatError("it was never evaluated, so there is nothing to compare")

    folder = SCRATCH / "repeat" / run_id
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _check_out(recipe.commit, folder)
    try:
        client.download_artifacts(parent.info.run_id, "params.yaml", str(folder))
    except (MlflowException, OSError):
        raise RepeatError("its artifact params.yaml is not in the store") from None
    _bring_data(folder)
    _compute(recipe.stage, folder)
    difference = compare(run, _found(run, folder))
    code = "; uncommitted code had a part in it, which is not known" if recipe.dirty else ""
    if difference:
        raise RepeatError(f"{difference}{code}")
    return (
        f"all {len(_measured(run))} metrics and the fingerprint of parameters and data are equal, "
        f"computed anew from commit {recipe.commit[:9]}{code}"
    )


def recipe_of(run: Run) -> Recipe:
    """Read from a run's tags what it was made from.

    Raises:
        RepeatError: they do not tell, or the commit is not here.
    """
    tags = run.data.tags
    missing = [name for name in _TAGS if name not in tags]
    if missing:
        raise RepeatError(f"it has no tag {', '.join(missing)}; what made it is unknown")
    commit = tags["git_commit"]
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        raise RepeatError(f"its tag git_commit is {commit!r}, which is no commit")
    if _git("cat-file", "-e", f"{commit}^{{commit}}").returncode:
        raise RepeatError(
            f"its commit {commit[:9]} is not in this repository; fetch it from where it was made "
            f"(Git has removed it if no branch held it any more)"
        )
    pipeline, variant = tags["pipeline"], tags["variant"]
    stage = f"{pipeline}-evaluate@{variant}"
    return Recipe(
        commit=commit,
        dirty=tags.get("git_dirty") == "true",
        stage="digits-verifier" if stage == "digits-evaluate@verifier" else stage,
    )


def compare(first: Run, second: Run) -> str:
    """Say in one line in what two runs differ; nothing if in nothing that was measured.

    Args:
        first: the run that was repeated.
        second: its repetition.
    """
    differences = []
    if second.data.tags["fingerprint"] != first.data.tags["fingerprint"]:
        differences.append("parameters or data are others (fingerprint)")
    known, found = _measured(first), _measured(second)
    names = sorted(known.keys() | found.keys())
    other = [name for name in names if known.get(name) != found.get(name)]
    if other:
        shown = [f"{name} {known.get(name)} → {found.get(name)}" for name in other[:_SHOWN]]
        more = ["…"] if len(other) > _SHOWN else []
        differences.append(
            f"{len(other)} of {len(names)} metrics differ: {', '.join(shown + more)}"
        )
    return "; ".join(differences)


def _measured(run: Run) -> Mapping[str, float]:
    """Return what was measured of a variant, without what compares it with other variants."""
    return {
        name: value
        for name, value in run.data.metrics.items()
        if name.startswith(_MEASURED) and "_against_" not in name
    }


def _check_out(commit: str, folder: Path) -> None:
    """Make a copy of the repository at a commit; it shares the objects, so none is missing."""
    for arguments in (
        ("clone", "--quiet", "--shared", "--no-checkout", str(PROJECT), str(folder)),
        ("-C", str(folder), "checkout", "--quiet", "--detach", commit),
    ):
        answer = _git(*arguments)
        if answer.returncode:
            raise RepeatError(f"git: {' '.join(answer.stderr.split())}")
    # Whatever cache a user shares between projects, here everything shall be computed.
    (folder / ".dvc" / "config.local").write_text("[cache]\n    dir = cache\n", encoding="utf-8")


def _bring_data(folder: Path) -> None:
    """Copy what Git does not keep: the user's files, and the digits lest they be fetched again."""
    external = PROJECT / "data" / "external"
    shutil.copytree(external, folder / "data" / "external", dirs_exist_ok=True)
    digits, brought = PROJECT / "data" / "raw" / "digits", folder / "data" / "external" / "mnist"
    if digits.exists() and not any(brought.glob("*ubyte*")):
        shutil.copytree(digits, brought, dirs_exist_ok=True)


def _compute(stage: str, folder: Path) -> None:
    environment = _environment("DVC_", "MLFLOW_", "GIT_")
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["TRACKING_REQUIRED"] = "1"
    for module, *arguments in (["stages.params"], ["dvc", "repro", "--force", stage]):
        command = [sys.executable, "-m", module, *arguments]
        if subprocess.run(command, cwd=folder, env=environment, check=False).returncode:
            raise RepeatError(f"`{' '.join([module, *arguments])}` failed in {folder}")


def _found(run: Run, folder: Path) -> Run:
    """Find the run that the repetition has left in its own store."""
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(run.data.tags["pipeline"])
    wanted = " AND ".join(f"tags.{tag} = '{run.data.tags[tag]}'" for tag in ("variant", "seed"))
    is_child = MLFLOW_PARENT_RUN_ID in run.data.tags
    for found in client.search_runs([experiment.experiment_id], wanted):
        if (MLFLOW_PARENT_RUN_ID in found.data.tags) == is_child:
            return found
    raise RepeatError(f"the repetition left no run of {run.info.run_name}")


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],
        cwd=PROJECT,
        env=_environment("GIT_"),  # a Git hook's would name the project's repository, not the copy
        capture_output=True,
        text=True,
        check=False,
    )


def _environment(*without: str) -> dict[str, str]:
    """Return this process's environment without what begins so."""
    return {name: value for name, value in os.environ.items() if not name.startswith(without)}


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("usage: make repeat RUN=<id of a run, as its page in the MLflow UI shows it>")
    try:
        print(f"{sys.argv[1]}: {repeat(sys.argv[1])}")
    except RepeatError as problem:
        sys.exit(f"{sys.argv[1]}: {problem}")
    except OSError as problem:
        sys.exit(f"{sys.argv[1]}: {public_address(str(problem))}")
    except FAILURES as problem:
        store = public_address(store_address())
        sys.exit(f"{sys.argv[1]}: {store} failed ({reason_of(problem)})")
