"""A signal ends a stage cleanly and with the right exit code, even if a library interferes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stages.paths import ROOT

WORK = """
import os, signal, subprocess, sys, time
from stages.outputs import signals
from stages.outputs.signals import Stopped, defer_signals, stoppable

signals._SECONDS_TO_CLEAN_UP = 1.0

def send(number=signal.SIGTERM):
    os.kill(os.getpid(), number)
    for _ in range(1000):
        pass
"""
SWALLOWED = """
with stoppable():
    try:
        send()
    except BaseException:
        pass
    time.sleep(20)
"""
REPLACED = """
with stoppable():
    try:
        send()
    finally:
        raise OSError("the driver is in the middle of a transaction")
"""
CLEANING_UP = """
with stoppable():
    try:
        send()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) * 3:
            send(number)
        print("cleaned up")
"""
DEFERRED = """
with stoppable():
    with defer_signals():
        with defer_signals():
            send()
            print("the call")
        print("the call around it")
    print("unreachable")
"""
UNDER_NOHUP = """
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with stoppable():
    send(signal.SIGHUP)
    print("done")
"""
WITHOUT_DVC = """
stage = '''
with stoppable():
    try:
        open(sys.argv[1], "x")
        time.sleep(20)
    except Stopped:
        print("stopped")
'''
environment = os.environ | {"DVC_STAGE": "a-stage"}
subprocess.Popen([sys.executable, "-c", WORK + stage, sys.argv[1]], env=environment)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.05)
"""


def run(code: str, *arguments: str | Path) -> tuple[int, str]:
    """Run a stage with signal handling, and return its exit code and output."""
    environment = {name: value for name, value in os.environ.items() if name != "DVC_STAGE"}
    ended = subprocess.run(
        [sys.executable, "-c", f"WORK = {WORK!r}{WORK}{code}", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=reset_signals,
    )
    return ended.returncode, ended.stdout


def reset_signals() -> None:
    """Reset signals that the shell ignores, for example under nohup."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_raises_stopped_in_the_main_thread(number: int) -> None:
    code = f"with stoppable():\n    try:\n        send({number:d})\n    finally:\n        print(1)"
    assert run(code) == (128 + number, "1\n")


@pytest.mark.parametrize("code", [SWALLOWED, REPLACED])
def test_a_stage_stops_even_if_a_library_suppresses_or_replaces_the_exception(code: str) -> None:
    assert run(code)[0] == 128 + signal.SIGTERM


def test_further_signals_do_not_interrupt_the_cleanup() -> None:
    assert run(CLEANING_UP) == (128 + signal.SIGTERM, "cleaned up\n")


def test_a_deferred_signal_is_raised_after_the_block() -> None:
    assert run(DEFERRED) == (128 + signal.SIGTERM, "the call\nthe call around it\n")


def test_an_ignored_sighup_stays_ignored_as_under_nohup() -> None:
    assert run(UNDER_NOHUP) == (0, "done\n")


def test_a_stage_stops_when_dvc_has_ended(tmp_path: Path) -> None:
    assert run(WITHOUT_DVC, tmp_path / "started") == (0, "stopped\n")
