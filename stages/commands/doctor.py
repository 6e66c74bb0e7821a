"""Check params.yaml and repair files that a killed DVC process left incomplete.

DVC overwrites `dvc.lock` and `.dvc/tmp/rwlock`, the list of running stages, in place. If one of
them is incomplete, each `dvc repro` fails. `make repro` runs this command first.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages import paths
from stages.commands.command_line import git, run_command
from stages.errors import StageError
from stages.outputs.atomic import atomic_write
from stages.params import Params, load_params
from stages.registry import PIPELINES

_SECONDS_OF_A_WRITE = 2.0


def doctor() -> str:
    """Check and repair the project, and print one line for each repair or hint.

    Raises:
        ParamsError: params.yaml is invalid.
    """
    params = load_params(paths.PARAMS)
    for line in [*repair_running_lists(), *repair_lock(), *unknown_results(params)]:
        print(line, flush=True)
    return ""


def repair_running_lists() -> Iterator[str]:
    """Remove DVC's lists of running stages if they are unreadable."""
    for name in ("rwlock", "exps/rwlock"):
        file = paths.ROOT / ".dvc" / "tmp" / name
        if _stays_damaged(file, _is_json):
            file.unlink()
            yield f"removed {paths.relative(file)}, which was damaged"


def repair_lock() -> Iterator[str]:
    """Restore an unreadable dvc.lock from the last commit, or remove it."""
    if not _stays_damaged(paths.LOCK, _is_lock):
        return
    try:
        committed = git("show", f"HEAD:./{paths.LOCK.name}", folder=paths.ROOT)
    except (StageError, OSError):
        committed = ""
    if _is_lock(committed.encode()):
        with atomic_write(paths.LOCK) as draft:
            draft.write_text(committed, encoding="utf-8")
        yield "restored dvc.lock, which was damaged, from the last commit"
    else:
        paths.LOCK.unlink()
        yield "removed dvc.lock, which was damaged; `dvc repro` creates it"


def unknown_results(params: Params) -> Iterator[str]:
    """Yield a hint for each folder of results that no model or stage of the project has."""
    workflow = paths.WORKFLOW.read_text(encoding="utf-8")
    for pipeline in PIPELINES:
        for folder in sorted((paths.RESULTS / pipeline.name).glob("*/")):
            place = paths.relative(folder)
            if folder.name not in pipeline.models(params) and f"{place}/" not in workflow:
                yield f"{place} has no model in params.yaml; delete it if you do not need it"


def _stays_damaged(file: Path, is_valid: Callable[[bytes], bool]) -> bool:
    """Return whether a file stays invalid for longer than `dvc` needs to write it."""
    deadline = time.monotonic() + _SECONDS_OF_A_WRITE
    while file.exists() and not is_valid(file.read_bytes()):
        if time.monotonic() > deadline:
            return True
        time.sleep(0.2)
    return False


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


def _is_lock(content: bytes) -> bool:
    """Return whether a dvc.lock is complete and readable for DVC."""
    try:
        lock = YAML(typ="safe", pure=True).load(content.decode())
        for stage in lock["stages"].values():
            entries = [*stage.get("deps", []), *stage.get("outs", [])]
            values = [dict(each) for each in stage.get("params", {}).values()]
            _ = stage["cmd"], values, [entry["path"] for entry in entries]
    except (YAMLError, ValueError, LookupError, TypeError, AttributeError):
        return False
    return lock.get("schema") == "2.0" and content.endswith(b"\n")


if __name__ == "__main__":
    run_command("doctor", doctor)
