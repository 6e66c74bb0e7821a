"""Progress is shown on a terminal, with rate and time left, and nowhere else."""

import contextlib
import os
import pty
import re
import subprocess
import sys

import pytest

from pipelines.progress import progress, progress_bar
from stages.paths import ROOT

COUNTING = """
import time
from pipelines.progress import progress
for _ in progress(range(8), "counting"):
    time.sleep(0.15)
print("done")
"""


def shown_on_a_terminal(script: str) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    # the terminal is gone, an error or nothing more, when the process has ended
    with contextlib.suppress(OSError):
        while chunk := os.read(ours, 4096):
            shown += chunk
    os.close(ours)
    assert process.wait() == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def test_on_a_terminal_what_is_done_how_fast_and_what_is_left_are_shown():
    shown = shown_on_a_terminal(COUNTING)
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


def test_work_may_end_before_all_is_done():
    seen = []
    for item in progress(range(100), "counting"):
        seen.append(item)
        if item == 2:
            break
    assert seen == [0, 1, 2]


def test_an_error_in_the_work_comes_through():
    with pytest.raises(ZeroDivisionError):
        [1 / item for item in progress([1, 0], "dividing")]
