"""The report lists the duration of every stage."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages import paths
from stages.outputs.atomic import read_yaml
from stages.outputs.timings import save_timing
from stages.params import load_params
from stages.report.durations import duration_text, durations, stage_names


def test_the_stage_names_are_those_that_dvc_lists() -> None:
    listing = subprocess.run(
        [sys.executable, "-m", "dvc", "stage", "list", "--name-only"],
        cwd=paths.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = list(stage_names(read_yaml(paths.WORKFLOW), load_params()))
    assert sorted(names) == sorted(listing.stdout.split())


def test_shares_are_relative_to_the_longest_stage_and_a_restored_stage_has_no_duration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.outputs.timings.SCRATCH", tmp_path)
    save_timing("fetch", 5)
    save_timing("train@ridge", 20)
    fetch, train, restored = durations(["fetch", "train@ridge", "train@lstm"])
    assert (fetch[1].seconds, fetch[2]) == (5, 0.25)
    assert (train[0], train[2]) == ("train@ridge", 1)
    assert restored == ("train@lstm", None, 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (119.4, "119 s"), (119.6, "2 min 0 s")),
        *((725, "12 min 5 s"), (7260, "2 h 1 min")),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
