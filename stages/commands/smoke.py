"""Run the whole workflow on little data in `.scratch/smoke`, a copy of the project.

The copy has its own tracking store. The results, `dvc.lock` and store of the project stay
unchanged. `params.smoke.yaml` lists the changes to params.yaml.
"""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages import paths
from stages.commands.command_line import git, run_command, separate_environment
from stages.errors import ParamsError, StageError
from stages.outputs.atomic import read_yaml
from stages.params import load_params

_NOT_COPIED = ("tests/", "results/", "data/raw/", "data/prepared/", "dvc.lock")
_STEPS = (["dvc", "repro"], [sys.executable, "-m", "stages.commands.publish"])


def smoke() -> str:
    """Run the workflow on little data.

    Returns:
        The closing lines.

    Raises:
        StageError: Parameters are invalid, or Git or a stage failed.
    """
    root, started = paths.SCRATCH / "smoke", time.monotonic()
    place = paths.relative(root)
    load_params(paths.PARAMS)
    shutil.rmtree(root, ignore_errors=True)
    copy_project(root)
    try:
        load_params(root / "params.yaml")
    except ParamsError as problem:
        raise StageError(f"{paths.SMOKE_PARAMS.name} does not fit params.yaml: {problem}") from None
    for step in _STEPS:
        if run_to_end(step, root):
            seconds = time.monotonic() - started
            raise StageError(f"failed after {seconds:.0f} s; see {place}")
    seconds = time.monotonic() - started
    return (
        f"all stages ran in {seconds:.0f} s → {place}/results/report.html; view the runs with\n"
        f"mlflow ui --host 127.0.0.1 --backend-store-uri sqlite:///{place}/mlflow.db"
    )


def copy_project(root: Path) -> None:
    """Copy the files that Git tracks or would add, with smoke parameters, to a new repository."""
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, git(*listing, folder=paths.ROOT).split("\0")):
        if (paths.ROOT / name).is_file() and not name.startswith(_NOT_COPIED):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(paths.ROOT / name, root / name)
    with (root / "params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(small_params(), file)
    git("init", "--quiet", folder=root)
    git("add", "--all", folder=root)
    settings = ("user.name=Smoke", "user.email=smoke@example.com", "commit.gpgsign=false")
    options = [part for setting in settings for part in ("-c", setting)]
    git(*options, "commit", "--quiet", "--message", "Copy for the smoke test", folder=root)


def small_params() -> Any:
    """Return the parameters of the project with the changes in `params.smoke.yaml`."""
    try:
        return merge_patch(read_yaml(paths.PARAMS), read_yaml(paths.SMOKE_PARAMS))
    except ValueError as problem:
        raise StageError(f"{paths.SMOKE_PARAMS.name}: {problem}") from None


def merge_patch(document: Any, patch: Any, *, adds: bool = True) -> Any:
    """Apply a JSON merge patch (RFC 7386).

    As an extension, the key `*` applies to all entries of its mapping and changes only keys that
    they have.

    Args:
        document: Mappings, lists and scalars.
        patch: Changes. Mappings are merged, `None` removes an entry, other values replace it.
        adds: Whether the patch may add keys.

    Returns:
        A changed copy of the document.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    if "*" in patch:
        merged = {
            name: merge_patch(value, patch["*"], adds=False) if isinstance(value, dict) else value
            for name, value in merged.items()
        }
    for name, change in patch.items():
        if change is None:
            merged.pop(name, None)
        elif name != "*" and (adds or name in merged):
            merged[name] = merge_patch(merged.get(name), change, adds=adds)
    return merged


def run_to_end(command: list[str], root: Path) -> int:
    """Run a command and return its exit status. After a signal, wait until it has ended."""
    process = subprocess.Popen(command, cwd=root, env=separate_environment())
    # A terminal sends Ctrl-C to the whole process group, including the command.
    signal.signal(signal.SIGINT, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: process.send_signal(received))
    return process.wait()


if __name__ == "__main__":
    run_command("smoke", smoke)
