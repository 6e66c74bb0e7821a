"""Tags of a run that name its commit and its DVC experiment."""

import os
import subprocess

from stages.paths import ROOT


def commit_tags() -> dict[str, str]:
    """Return the tags of the commit and the DVC experiment; unknown ones are left out."""
    # Files that the workflow writes do not make a commit dirty. A run holds its params.yaml.
    written = (":!dvc.lock", ":!results", ":!data", ":!params.yaml")
    # A process that is killed while it holds a lock would block later commits.
    changed = _git("--no-optional-locks", "status", "--porcelain", "--", ".", *written)
    commit = _git("rev-parse", "HEAD")
    tags = {
        "git_commit": commit,
        "git_dirty": str(bool(changed)).lower() if commit else "",
        "dvc_experiment": os.environ.get("DVC_EXP_NAME", ""),
    }
    return {key: value for key, value in tags.items() if value}


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
