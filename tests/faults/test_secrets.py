"""Nothing secret gets into the record of a run, nor into what a stage prints."""

from tests.faults.conftest import SECRETS
from tests.workflow.project import Project

MARK = b"-zq7x"
"""Stands in everything that was planted, and in nothing else."""


def test_what_was_planted_is_recognised() -> None:
    assert all(MARK.decode() in secret for secret in SECRETS.values())


def test_no_secret_of_the_environment_or_of_the_repository_is_recorded_or_printed(
    worked: tuple[Project, str],
) -> None:
    project, printed = worked
    assert MARK.decode() not in printed
    recorded = [project.root / "mlflow.db", *(project.root / "mlruns").rglob("*")]
    written = [*(project.root / "results").rglob("*"), *(project.root / "data").rglob("*")]
    files = [path for path in [*recorded, *written] if path.is_file()]
    assert any(path.name == "MLmodel" for path in files)
    assert MARK in (project.root / ".git" / "config").read_bytes()
    assert [path for path in files if MARK in path.read_bytes()] == []


def test_a_password_in_the_address_of_a_store_that_fails_is_not_printed(
    project: Project,
) -> None:
    project.environment |= {
        "MLFLOW_TRACKING_URI": "http://me:planted-zq7x@127.0.0.1:9",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "TRACKING_REQUIRED": "0",
    }
    output = project.run("python", "-m", "stages.figures.train", "demo_1")
    assert "127.0.0.1:9 failed" in output
    assert MARK.decode() not in output
    places = (project.root / ".unsent", project.root / ".scratch")
    kept = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert any(path.parent.name == ".unsent" for path in kept)
    assert [path for path in kept if MARK in path.read_bytes()] == []
