"""Every stage of the workflow has its line among the times."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages import layout
from stages.page.durations import durations, in_words, stage_names
from stages.params import load_params
from stages.report import read_yaml
from stages.timings import keep_timing

WORKFLOW = {
    "stages": {
        "fetch": {"cmd": "…"},
        "train": {"foreach": "${imbalance.variants}", "do": {"cmd": "…"}},
        "report": {"cmd": "…", "always_changed": True},
    }
}


def test_the_stages_are_those_that_dvc_knows() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "dvc", "stage", "list", "--name-only"],
        cwd=layout.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    known = set(listed.stdout.split())
    assert known - set(stage_names(read_yaml(layout.WORKFLOW), load_params())) == {"report"}
    assert set(stage_names(read_yaml(layout.WORKFLOW), load_params())) < known


def test_a_stage_that_did_not_run_here_has_no_time_and_the_longest_the_whole_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "SCRATCH", tmp_path)
    keep_timing("fetch", 5)
    keep_timing("train@ridge", 20)
    keep_timing("train@gone", 90)
    told = {each.stage: each for each in durations(WORKFLOW, load_params())}
    assert list(told) == ["fetch", *(f"train@{name}" for name in load_params().imbalance.variants)]
    assert (told["fetch"].timing.seconds, told["fetch"].share) == (5, 0.25)
    assert told["train@ridge"].share == 1
    assert told["train@persistence"].timing is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (119.4, "119 s"), (119.6, "2 min 0 s")),
        *((725, "12 min 5 s"), (7260, "2 h 1 min")),
    ],
)
def test_a_time_is_written_as_a_person_says_it(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
