"""A stage run as a command ends as it should, whatever reaches it."""

import signal
import subprocess
import sys

import pytest

from stages.layout import ROOT

LOST = """
import os, signal, sqlite3, threading, time
from stages.command import run_stage

def send():
    os.kill(os.getpid(), signal.{signal})
    for _ in range(1000):
        pass

class Last:
    def __del__(self):
        send()

def in_a_finalizer():
    last = Last()
    del last

def in_a_callback():
    connection = sqlite3.connect(":memory:")
    connection.set_progress_handler(send, 1)
    try:
        connection.execute("select 1").fetchall()
    except sqlite3.OperationalError:
        pass

def in_a_swallowing_clause():
    try:
        send()
    except BaseException:
        pass

def work(params):
    {place}()
    time.sleep(20)
    return "never reached"

run_stage("a-stage", work)
"""

CLEANING_UP = """
import os, signal, sys, time
from stages.command import run_stage

def work(params):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(20)
    finally:
        for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP] * 20:
            os.kill(os.getpid(), number)
            time.sleep(0.05)
        print("cleaned up", flush=True)

run_stage("a-stage", work)
"""

DEAF = """
import os, signal, time
from stages import stopping
from stages.command import run_stage

def work(params):
    os.kill(os.getpid(), signal.SIGTERM)
    while True:
        try:
            time.sleep(20)
        except BaseException:
            pass

stopping._SECONDS_TO_CLEAN_UP = 2.0
run_stage("a-stage", work)
"""

UNDER_NOHUP = """
import os, signal
from stages.command import run_stage

signal.signal(signal.SIGHUP, signal.SIG_IGN)

def work(params):
    os.kill(os.getpid(), signal.SIGHUP)
    return "done"

run_stage("a-stage", work)
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=heed_signals,
    )


def heed_signals() -> None:
    """Undo what whoever runs the tests may have had ignored: under nohup, in the background."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("place", ["in_a_finalizer", "in_a_callback", "in_a_swallowing_clause"])
def test_a_signal_whose_exception_is_lost_still_ends_the_stage(name: str, place: str) -> None:
    ended = run(LOST.replace("{signal}", name).replace("{place}", place))
    assert ended.returncode == 128 + getattr(signal, name)
    assert ended.stdout == ""
    assert ended.stderr == "a-stage: interrupted; nothing half-written is left\n"


def test_an_error_that_stopping_led_to_is_not_told_as_one() -> None:
    code = """
import os, signal
from stages.command import run_stage
def work(params):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        raise OSError("the store is in the midst of a transaction")
run_stage("a-stage", work)
"""
    ended = run(code)
    assert ended.returncode == 128 + signal.SIGTERM
    assert ended.stderr == "a-stage: interrupted; nothing half-written is left\n"


def test_further_signals_do_not_break_the_cleaning_up() -> None:
    ended = run(CLEANING_UP)
    assert ended.returncode == 128 + signal.SIGTERM
    assert ended.stdout == "cleaned up\n"


def test_a_signal_waits_for_the_end_of_a_call_that_must_not_be_interrupted() -> None:
    code = """
import os, signal
from stages.command import run_stage
from stages.stopping import held_back
def work(params):
    with held_back():
        with held_back():
            os.kill(os.getpid(), signal.SIGTERM)
            print("the call", flush=True)
        print("and what is around it", flush=True)
    print("and what follows", flush=True)
run_stage("a-stage", work)
"""
    ended = run(code)
    assert ended.returncode == 128 + signal.SIGTERM
    assert ended.stdout == "the call\nand what is around it\n"


def test_a_stage_that_does_not_stop_is_ended_all_the_same() -> None:
    assert run(DEAF).returncode == 128 + signal.SIGTERM


def test_a_hang_up_stays_ignored_where_it_was() -> None:
    assert run(UNDER_NOHUP).returncode == 0


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("StageError('the file is damaged')", "a-stage: the file is damaged"),
        ("OSError(28, 'No space left on device', 'model')", "a-stage: model: No space left"),
        ("MemoryError('Unable to allocate 7 TiB')", "a-stage: not enough memory: Unable to"),
        ("MemoryError()", "a-stage: not enough memory: none is left"),
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
