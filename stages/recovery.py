"""What a killed `dvc`, or a move of the project, may leave behind, put right before the next start.

DVC rewrites two files in place, so a SIGKILL in that moment leaves half a file, and then every
later `dvc repro` stops at it: `dvc.lock`, and `.dvc/tmp/rwlock`, which tells who is running now.
"""

import os
import re
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from dvc.lock import LockError, make_lock
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
from voluptuous import Invalid

from stages.layout import ROOT
from stages.occupancy import occupants, remove_stale_locks
from stages.outputs import whole
from stages.relocation import follow_project

_HEADER = "schema: '2.0'\nstages:\n"
#: What DVC writes, cut off behind its header.
_CUT_OFF = re.compile(rf"{_HEADER}(?:  .*\n)*.*")
#: Stages whose last line is one of a dependency; they run always, so one that is lost does no harm.
_WITHOUT_OUTPUTS = {"report"}
_START_OF_STAGE = re.compile(r"^  \S", re.MULTILINE)


def recover(root: Path = ROOT) -> list[str]:
    """Put right what a killed `dvc` left half-written or locked, and what a move has misplaced.

    Args:
        root: the project.

    Returns:
        What was done, and what is lost, a line each; nothing if there was nothing to do.
    """
    done = [
        *remove_stale_locks(root),
        mend_stage_lock(root),
        follow_project(root / "mlflow.db"),
        name_missing_runs(root),
    ]
    return [line for line in done if line]


def mend_stage_lock(root: Path) -> str:
    """Mend a `dvc.lock` that was cut off; one that is damaged otherwise is left to a person.

    The stages before the cut are kept, those behind it come from the last commit. One that is
    outdated there does no harm, since DVC compares it with parameters and files; one that is
    missing there DVC restores from its cache or runs again.

    Args:
        root: the project.

    Returns:
        What was done, in one line; nothing if there was nothing to do.
    """
    file = root / "dvc.lock"
    if not file.exists() or _is_whole(_text(file)):
        return ""
    lock = root / ".dvc" / "tmp" / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with suppress(LockError), make_lock(str(lock)):
        text = _text(file)
        if _is_whole(text) or not (_HEADER.startswith(text) or _CUT_OFF.fullmatch(text)):
            return ""
        kept = dict(list(_stages(text).items())[:-1])  # the last one is the one that was cut
        committed = _committed_text(root)
        lost = _stages(committed) if _is_whole(committed) else {}
        mended = _HEADER + "".join((kept | lost | kept).values())  # in the order of `kept`
        if mended == _HEADER:
            file.unlink()
        elif _is_whole(mended):
            with whole(file) as draft:
                draft.write_text(mended, encoding="utf-8")
        else:
            return ""
        return (
            "mended dvc.lock, which a killed process had left half-written: stages before the "
            f"damage {len(kept)}, from the last commit {len(lost.keys() - kept.keys())}"
        )
    return ""  # somebody is just writing it


def name_missing_runs(root: Path) -> str:
    """Say what a project lacks that came without its tracking store; nothing if that is elsewhere.

    Args:
        root: the project.

    Returns:
        What is lost, in one line; nothing if no results came either.
    """
    trained = len(list(root.glob("results/*/*/run.json")))
    if not trained or (root / "mlflow.db").exists() or os.environ.get("MLFLOW_TRACKING_URI"):
        return ""
    return (
        f"no mlflow.db came along: the runs of {trained} trained variants stayed where they were "
        f"made; `make publish` tells them anew from results/, as of now and the present commit"
    )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _is_whole(text: str) -> bool:
    """Whether DVC accepts a `dvc.lock` and its last line is one that may end a stage.

    A stage that lacks whole outputs at its end passes: DVC itself notices and runs it again.
    """
    try:
        lock = COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, "dvc.lock"))
    except (YAMLFileCorruptedError, Invalid):
        return False
    if not lock.get("stages") or not text.endswith("\n"):
        return False
    *_, (name, stage) = lock["stages"].items()
    *_, last = stage.get("deps" if name in _WITHOUT_OUTPUTS else "outs") or [{}]
    is_folder = str(last.get("md5")).endswith(".dir")
    return "size" in last and ("nfiles" in last or not is_folder)


def _stages(text: str) -> dict[str, str]:
    """Split a `dvc.lock` into the texts of its stages, by their first lines."""
    starts = [found.start() for found in _START_OF_STAGE.finditer(text)]
    stages = [text[start:end] for start, end in pairwise([*starts, len(text)])]
    return {stage.partition("\n")[0]: stage for stage in stages}


def _committed_text(root: Path) -> str:
    try:
        answer = subprocess.run(
            ["git", "show", "HEAD:./dvc.lock"], cwd=root, capture_output=True, check=False
        )
    except FileNotFoundError:
        return ""
    return answer.stdout.decode(errors="replace")


if __name__ == "__main__":
    try:
        for done in recover():
            print(done)
    except OSError as problem:
        sys.exit(f"{problem.filename or 'recovery'}: {problem.strerror or problem}")
    sys.exit("\n".join(map(str, occupants(ROOT))) or None)
