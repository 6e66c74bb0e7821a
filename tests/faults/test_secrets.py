"""No secret of the environment or repository appears in results, runs or output."""

from tests.conftest import SECRETS
from tests.workflow.project import Project

#: Part of every planted secret, and of nothing else.
MARK = "-zq7x"


def test_no_planted_secret_is_recorded_or_printed(finished: Project) -> None:
    assert all(MARK in secret for secret in SECRETS.values())
    assert MARK in (finished.root / ".git" / "config").read_text()
    assert MARK not in finished.root.with_name("printed.txt").read_text()
    folders = ("mlruns", "results", "data", ".scratch", ".provenance")
    files = [finished.root / "mlflow.db", finished.root / "dvc.lock"]
    files += [path for folder in folders for path in (finished.root / folder).rglob("*")]
    assert any(path.name == "MLmodel" for path in files)
    assert [path for path in files if path.is_file() and MARK.encode() in path.read_bytes()] == []
