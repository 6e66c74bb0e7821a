"""Check params.yaml, and repair what a killed `dvc` has left half-written.

DVC rewrites two files in place, and every later `dvc repro` stops at half a file: `dvc.lock`, and
`.dvc/tmp/rwlock`, the list of running stages. `make repro` calls this first.
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
    """Check and repair the project; print one line for each repair or hint.

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
            yield f"removed {paths.relative(file)}, which a killed process left half-written"


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
        yield "removed dvc.lock, which was damaged; DVC writes it again"


def unknown_results(params: Params) -> Iterator[str]:
    """Yield a hint for each folder of results that belongs to no model and no stage."""
    workflow = paths.WORKFLOW.read_text(encoding="utf-8")
    for pipeline in PIPELINES:
        for folder in sorted((paths.RESULTS / pipeline.name).glob("*/")):
            place = paths.relative(folder)
            if folder.name not in pipeline.models(params) and f"{place}/" not in workflow:
                yield f"{place} belongs to no model of params.yaml; remove it if you do not need it"


def _stays_damaged(file: Path, is_valid: Callable[[bytes], bool]) -> bool:
    """Whether a file exists and stays invalid; a running `dvc` may be writing it."""
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
    """Whether DVC can read a dvc.lock; a half-written one lacks parts or the end of its line."""
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
