"""A stage that ends well leaves how long it took, and one that cannot leave it ends well."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stages import layout
from stages.layout import ROOT
from stages.timings import keep_timing, last_timing

STAGE = """
import sys, time
from pathlib import Path
from stages import layout
from stages.command import StageError, run_stage

def work(params):
    time.sleep(0.1)
    {what}
    return "done"

time.sleep(0.1)  # as what a stage imports takes its time before it begins
layout.SCRATCH = Path(sys.argv.pop())
run_stage("train@demo_1", work)
"""


def run(scratch: Path, what: str = "pass") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", STAGE.replace("{what}", what), scratch],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_stage_that_ends_well_leaves_how_long_it_took_and_when(tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)  # a time is kept in whole seconds
    assert run(tmp_path).returncode == 0
    (file,) = (tmp_path / "timings").iterdir()
    assert file.name == "train@demo_1.json"
    found = json.loads(file.read_text())
    assert found["seconds"] >= 0.2
    assert before <= datetime.fromisoformat(found["ended"]) <= datetime.now(UTC)


def test_a_stage_that_fails_leaves_the_time_of_its_last_success(tmp_path: Path) -> None:
    run(tmp_path)
    file = tmp_path / "timings" / "train@demo_1.json"
    before = file.read_bytes()
    assert run(tmp_path, "raise StageError('no')").returncode == 1
    assert file.read_bytes() == before


def test_a_time_that_cannot_be_written_fails_no_stage(tmp_path: Path) -> None:
    scratch = tmp_path / "a_file"
    scratch.touch()
    ended = run(scratch)
    assert ended.returncode == 0
    assert ended.stdout.startswith("train@demo_1: done (")
    assert ended.stderr == ""


def test_a_time_is_read_as_it_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "SCRATCH", tmp_path)
    keep_timing("a-stage@b", 12.345)
    timing = last_timing("a-stage@b")
    assert timing.seconds == pytest.approx(12.345, abs=0.01)
    assert datetime.now(UTC) - timing.ended < timedelta(minutes=10)
    assert last_timing("another") is None


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"seconds": "?", "ended": "2026-01-01"}'])
def test_a_damaged_time_is_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(layout, "SCRATCH", tmp_path)
    keep_timing("a-stage", 1)
    layout.timing("a-stage").write_text(damage)
    assert last_timing("a-stage") is None
