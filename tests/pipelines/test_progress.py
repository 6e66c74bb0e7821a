"""A progress bar with rate and time left is shown on a terminal, and nowhere else."""

import re
import subprocess
import sys

import pytest

from pipelines.progress import progress, progress_bar
from tests.pipelines.terminal import ROOT, run_on_a_terminal

COUNTING = """
import time
from pipelines.progress import progress
for _ in progress(range(8), "counting"):
    time.sleep(0.15)
print("done")
"""


def test_on_a_terminal_the_count_the_rate_and_the_time_left_are_shown():
    status, shown = run_on_a_terminal(COUNTING)
    assert status == 0
    assert re.search(r"counting \d/8 .*\d/s +0:00:0\d", shown), shown
    assert shown.rstrip().endswith("done")


def test_off_a_terminal_nothing_is_shown(capfd):
    assert list(progress(range(3), "counting")) == [0, 1, 2]
    with progress_bar("counting", 3) as show:
        show(1, "a note")
    assert capfd.readouterr() == ("", "")


def test_in_a_log_nothing_is_shown():
    ran = subprocess.run(
        [sys.executable, "-c", COUNTING], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("done\n", "")


def test_work_may_end_early_or_by_an_error():
    seen = []
    for item in progress(range(100), "counting"):
        seen.append(item)
        if item == 2:
            break
    assert seen == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        [1 / item for item in progress([1, 0], "dividing")]
