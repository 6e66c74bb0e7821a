"""Fixtures of a project in a git repository."""

import subprocess
from pathlib import Path

import pytest

IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.com")


@pytest.fixture
def repository(project: Path) -> Path:
    """A project whose files are committed."""
    (project / ".dvc").mkdir()
    (project / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    commit(project)
    return project


def commit(root: Path) -> str:
    """Commit everything and return the commit."""
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        [*IDENTITY, "commit", "--quiet", "--allow-empty", "--message", "A project"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    head = ["git", "rev-parse", "HEAD"]
    return subprocess.run(head, cwd=root, check=True, capture_output=True, text=True).stdout.strip()
