"""A fabricated project and its report."""

import shutil
from pathlib import Path

import pytest

from tests.stages.report.fabricated import fabricate, write_report
from tests.stages.report.read_page import ReadPage


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fabricated project with its report, which tests must not change."""
    root = fabricate(tmp_path_factory.mktemp("fabricated"))
    write_report(root)
    return root


@pytest.fixture(scope="session")
def page(original: Path) -> ReadPage:
    """The parsed report on the fabricated project."""
    return ReadPage((original / "results" / "report.html").read_text())


@pytest.fixture
def fabricated(original: Path, tmp_path: Path) -> Path:
    """A copy of the fabricated project that a test may change; it has no report."""
    ignored = shutil.ignore_patterns("report.html", "leaderboard.json")
    return Path(shutil.copytree(original, tmp_path / "fabricated", ignore=ignored))
