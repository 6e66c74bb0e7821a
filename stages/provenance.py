"""Where a run comes from: its commit, its DVC experiment, its process."""

import os
import platform
import subprocess
from pathlib import Path

import psutil

from stages.layout import ROOT


def commit_tags() -> dict[str, str]:
    """Return the tags that name the commit and the DVC experiment; what is unknown is left out."""
    # What this very workflow writes does not make a commit dirty; a run keeps its parameters.
    written = (":!dvc.lock", ":!results", ":!data", ":!params.yaml")
    # Without optional locks: killed with one, it would let later commits fail.
    changed = _git("--no-optional-locks", "status", "--porcelain", "--", ".", *written)
    commit = _git("rev-parse", "HEAD")
    experiment = os.environ.get("DVC_EXP_NAME", "")
    tags = {"git_commit": commit, "git_dirty": str(bool(changed)).lower() if commit else ""}
    return {key: value for key, value in (tags | {"dvc_experiment": experiment}).items() if value}


def process_tags() -> dict[str, str]:
    """Return the tags that tell later whether the process that records is still alive."""
    process = os.getpid()
    return {"host": platform.node(), "process": f"{process}@{start_of_process(process)}"}


def committed_text(path: Path) -> str:
    """Return a file's text as it was in the last commit; empty where it was not in it.

    Args:
        path: a file in the project.
    """
    return _git("show", f"HEAD:./{path.relative_to(ROOT).as_posix()}")


def start_of_process(process: int) -> str:
    """Return when a process started, in seconds since 1970; empty if it has ended."""
    try:
        found = psutil.Process(process)
        ended = found.status() == psutil.STATUS_ZOMBIE  # dead, but nobody has asked for its code
        return "" if ended else f"{found.create_time():.2f}"
    except psutil.Error:
        return ""


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
