"""A stage run as a command ends as it should, whatever reaches it."""

import signal
import subprocess
import sys

import pytest

from stages.layout import ROOT

IN_A_FINALIZER = """
import os, signal, time
from stages.command import run_stage

class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.{signal})
        for _ in range(1000):
            pass

def work(params):
    last = Last()
    del last
    time.sleep(20)
    return "never reached"

run_stage("a-stage", work)
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_whose_exception_python_drops_still_ends_the_stage(name: str) -> None:
    ended = run(IN_A_FINALIZER.replace("{signal}", name))
    assert ended.returncode == 128 + getattr(signal, name)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("StageError('the file is damaged')", "a-stage: the file is damaged"),
        ("OSError(28, 'No space left on device', 'model')", "a-stage: model: No space left"),
    ],
)
def test_what_a_person_can_mend_is_told_in_one_line(raised: str, said: str) -> None:
    code = f"""
from stages.command import StageError, run_stage
def work(params):
    raise {raised}
run_stage("a-stage", work)
"""
    ended = run(code)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(said)


def test_an_unknown_variant_is_refused_with_those_that_there_are() -> None:
    code = """
from stages.command import run_variant
run_variant("a-stage", lambda params, name: "", lambda params: params.figures.networks)
"""
    ended = run(code, "nobody")
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "a-stage@nobody: params.yaml has no 'nobody' here; it has default"
    )


def test_the_closing_line_says_what_was_done_and_how_long_it_took() -> None:
    code = """
from stages.command import run_stage
run_stage("a-stage", lambda params: "three files → data")
"""
    ended = run(code)
    assert ended.returncode == 0
    assert ended.stdout.startswith("a-stage: three files → data (")
    assert ended.stderr == ""
