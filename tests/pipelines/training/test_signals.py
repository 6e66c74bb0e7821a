"""Signals end a training as they end anything else, and their handlers stay the caller's."""

import os
import signal
import sys

import pytest

from tests.pipelines.training.small_modules import fit_regression, regression
from tests.pipelines.training.training_process import killed_training


@pytest.fixture
def handlers():
    """The signal handlers, put back after the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # whoever runs the tests in the background may have Ctrl-C ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield before | {signal.SIGINT: signal.default_int_handler}
    for number, handler in before.items():
        signal.signal(number, handler)


class Killed(BaseException):
    pass


def test_ctrl_c_raises_keyboard_interrupt_and_leaves_the_handlers_as_they_were(handlers):
    def interrupt(epoch: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit_regression(regression(act=interrupt))
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def test_what_the_callers_signal_handler_raises_comes_through_at_once(handlers):
    def handle(number, frame):
        raise Killed

    steps = []

    def terminate(epoch: int) -> None:
        steps.append("before")
        os.kill(os.getpid(), signal.SIGTERM)
        steps.append("after")

    signal.signal(signal.SIGTERM, handle)
    with pytest.raises(Killed):
        fit_regression(regression(act=terminate))
    assert steps == ["before"]
    assert signal.getsignal(signal.SIGTERM) is handle


def test_a_callers_system_exit_keeps_its_status():
    def leave(epoch: int) -> None:
        sys.exit(143)

    with pytest.raises(SystemExit) as caught:
        fit_regression(regression(act=leave))
    assert caught.value.code == 143


def test_sigterm_without_a_handler_ends_the_process_as_it_does_anywhere(tmp_path):
    terminate = "act = lambda epoch: os.kill(os.getpid(), signal.SIGTERM)"
    assert killed_training(terminate, tmp_path) == -signal.SIGTERM
