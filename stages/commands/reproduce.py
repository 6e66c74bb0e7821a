"""Rerun the commit of an MLflow run with its parameters, and compare the metrics.

The rerun takes place in `.scratch/reproduce/RUN`, a copy of the project with an empty cache and its
own store. The command runs only `dvc` in the copy, because modules of old commits may have other
names.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages import paths
from stages.commands.command_line import git, run_command, separate_environment
from stages.errors import StageError, read_input
from stages.outputs.atomic import read_json
from stages.registry import PIPELINES
from stages.tracking.entities import single_values
from stages.tracking.store import prepare_store, tolerating_failures

#: Maximum number of different metrics in the message.
_EXAMPLES = 5


def reproduce(run: str) -> str:
    """Rerun the commit of a run and compare the metrics.

    Args:
        run: Run id. For the run of a single seed, all seeds of the variant are trained.

    Returns:
        The closing line.

    Raises:
        StageError: The run cannot be reproduced, or the metrics differ.
        TrackingError: The store fails.
    """
    os.environ["TRACKING_REQUIRED"] = "1"
    folder = paths.SCRATCH / "reproduce" / run
    with tolerating_failures():
        prepare_store()
        client = mlflow.MlflowClient()
        logged = client.get_run(run)
        parent = client.get_run(logged.data.tags.get(MLFLOW_PARENT_RUN_ID, run))
        commit, stage, place = recipe(parent)
        check_out(commit, folder)
        try:
            client.download_artifacts(parent.info.run_id, "params.yaml", str(folder))
        except (MlflowException, OSError):
            raise StageError("the run has no artifact params.yaml") from None
    copy_data(folder)
    command = ["dvc", "repro", "--force", stage]
    if subprocess.run(command, cwd=folder, env=separate_environment(), check=False).returncode:
        raise StageError(f"`{' '.join(command)}` failed in {folder}")
    count, different = compare(logged, folder / place)
    dirty = parent.data.tags.get("git_dirty") == "true"
    warning = "; the run used uncommitted changes, which are not recorded" if dirty else ""
    if different:
        examples = ", ".join(different[:_EXAMPLES]) + (", …" if len(different) > _EXAMPLES else "")
        raise StageError(f"{len(different)} of {count} metrics differ: {examples}{warning}")
    return f"all {count} metrics are equal in a rerun of commit {commit[:10]}{warning}"


def recipe(run: Run) -> tuple[str, str, str]:
    """Return the commit, the last DVC stage and the folder of results of a run.

    Raises:
        StageError: A tag is missing, or the commit is not in the repository.
    """
    tags = run.data.tags
    missing = [name for name in ("git_commit", "pipeline", "variant") if name not in tags]
    if missing:
        raise StageError(f"the run has no tag {', '.join(missing)}")
    commit, name, variant = tags["git_commit"], tags["pipeline"], tags["variant"]
    if not re.fullmatch(r"[0-9a-f]{40,64}", commit):
        raise StageError(f"the tag git_commit is {commit!r}, which is not a commit")
    try:
        git("cat-file", "-e", f"{commit}^{{commit}}", folder=paths.PROJECT)
    except StageError:
        raise StageError(f"commit {commit[:10]} is not in this repository; fetch it") from None
    evaluators = [(each.name, each.evaluator.name) for each in PIPELINES if each.evaluator]
    is_evaluator = (name, variant) in evaluators
    stage = f"{name}-{variant}" if is_evaluator else f"{name}-evaluate@{variant}"
    return commit, stage, f"results/{name}/{variant}"


def check_out(commit: str, folder: Path) -> None:
    """Clone the repository at a commit, with an empty DVC cache."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    clone = ("clone", "--quiet", "--shared", "--no-checkout", str(paths.PROJECT), str(folder))
    git(*clone, folder=paths.PROJECT)
    git("checkout", "--quiet", "--detach", commit, folder=folder)
    (folder / ".dvc" / "config.local").write_text("[cache]\n    dir = cache\n", encoding="utf-8")


def copy_data(folder: Path) -> None:
    """Copy the user's data files, and the digits to avoid a download."""
    external, digits = paths.ROOT / "data" / "external", paths.digits_folder()
    mnist = folder / paths.external_mnist().relative_to(paths.ROOT)
    shutil.copytree(external, folder / "data" / "external", dirs_exist_ok=True)
    if digits.exists() and not any(mnist.glob("*ubyte*")):
        shutil.copytree(digits, mnist, dirs_exist_ok=True)


def compare(run: Run, folder: Path) -> tuple[int, list[str]]:
    """Compare the metrics of a run with result files, except comparisons with other variants.

    Args:
        run: Run of a variant or of one of its seeds.
        folder: Folder of the variant's results.

    Returns:
        The number of metrics, and a description of each difference.

    Raises:
        StageError: A file is missing or damaged, or the run has no metrics.
    """
    scores = read_input(read_json, folder / "scores.json")
    metrics = read_input(read_json, folder / "metrics.json")
    if MLFLOW_PARENT_RUN_ID in run.data.tags:
        document = {"summary": scores["by_seed"].get(run.data.tags["seed"], {})}
    else:
        document = {"test": scores["test"], "summary": metrics["test"]}
        document["seeds"] = metrics.get("seeds", {})
    computed = _by_present_name({each.key: each.value for each in single_values(document)})
    logged = _by_present_name(run.data.metrics)
    if not logged:
        raise StageError("the run has no metrics of an evaluation")
    names = sorted(logged.keys() | computed.keys())
    return len(names), [
        f"{name} {logged.get(name)} → {computed.get(name)}"
        for name in names
        if logged.get(name) != computed.get(name)
    ]


def _by_present_name(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics of result files by present name, also for runs with former names."""
    compared = tuple(
        f"test/{metric.name}"
        for each in PIPELINES
        for metric in each.metrics
        if not metric.in_summary
    )
    renamed = {
        re.sub("^headline/", "summary/", name).replace("seeds/deviation/", "seeds/std/"): value
        for name, value in metrics.items()
    }
    sections = ("test/", "summary/", "seeds/")
    return {
        name: value
        for name, value in renamed.items()
        if name.startswith(sections) and not name.startswith(compared)
    }


if __name__ == "__main__":
    run_command("reproduce", reproduce)
