"""How a stage is stopped: by a signal, or because the `dvc` that started it is gone."""

import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

import psutil

from stages.provenance import start_of_process

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_TO_CLEAN_UP = 60.0
_stoppers: "list[_Stopper]" = []


class Stopped(SystemExit):
    """Raised in the main thread when a stage is to end; its code is 128 + the signal's number."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn SIGINT, SIGTERM, SIGHUP and the end of `dvc` into `Stopped`.

    An exception lets every `with` on the way clean up behind itself. One that is lost on its way is
    raised again, further signals meanwhile are ignored, and a process that is still there a minute
    after the first ends at once. What comes after the `with` cannot be interrupted.

    Yields:
        Nothing; the stage works meanwhile.

    Raises:
        Stopped: a signal came, or `dvc` is gone.
    """
    stopper = _Stopper()
    _stoppers.append(stopper)
    for number in _SIGNALS:
        # Under `nohup` SIGHUP is to stay ignored, and Ctrl-C in a script's background job.
        if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stopper.stop)
    threading.Thread(target=stopper.watch, daemon=True).start()
    sys.unraisablehook = _silent_about_stopping
    try:
        yield
    except Exception as problem:
        if stopper.signal:  # what a library makes of an exception in its midst
            raise Stopped(128 + stopper.signal) from problem
        raise
    finally:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def held_back() -> Iterator[None]:
    """Let a signal wait for the end of a call that must not be interrupted half-way.

    An exception that comes out of the midst of a database driver leaves its transaction open, and
    nobody can write to that database until the process has ended.

    Yields:
        Nothing; the call is made meanwhile.

    Raises:
        Stopped: a signal came; raised once the outermost of these contexts ends.
    """
    for stopper in _stoppers:
        stopper.holds += 1
    try:
        yield
    finally:
        for stopper in _stoppers:
            stopper.holds -= 1
    for stopper in _stoppers:
        if stopper.signal:
            stopper.stop(stopper.signal, None)  # which does nothing while others are open


def is_stopping() -> bool:
    """Return whether a signal came: then an error is most likely what a library made of it."""
    return any(stopper.signal for stopper in _stoppers)


class _Stopper:
    """Raises `Stopped`, and sees to it that the process ends."""

    def __init__(self) -> None:
        self.signal = 0
        self.holds = 0
        self._raised: weakref.ref[Stopped] | None = None

    def stop(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        self.signal = self.signal or number
        if self.holds or self._is_on_its_way():
            return  # a second exception would break the cleaning up
        stopped = Stopped(128 + self.signal)
        self._raised = weakref.ref(stopped)
        try:
            raise stopped
        finally:
            del stopped  # or else its traceback would keep it alive

    def watch(self) -> NoReturn:
        """Stop the stage when `dvc` is gone, lest its successor meets a stage that still runs."""
        dvc = _dvc() if "DVC_STAGE" in os.environ else None
        started = start_of_process(dvc) if dvc else ""
        while not self.signal:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            if dvc is not None and not (started and start_of_process(dvc) == started):
                self.signal = signal.SIGTERM
        last = time.monotonic() + _SECONDS_TO_CLEAN_UP
        while time.monotonic() < last:
            if not self._is_on_its_way():
                signal.pthread_kill(threading.main_thread().ident, self.signal)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(128 + self.signal)

    def _is_on_its_way(self) -> bool:
        """Whether an exception was raised and not lost: nobody holds one that was dropped.

        Python drops them in finalizers and callbacks, libraries in an `except BaseException`.
        """
        return self._raised is not None and self._raised() is not None


def _dvc() -> int:
    """Find the process that set `DVC_STAGE` for this one; 0 if it has ended already.

    It is the nearest ancestor that does not carry it: some shells stay between the two, others
    make way for the stage.
    """
    for ancestor in psutil.Process().parents():
        with suppress(psutil.Error):
            if "DVC_STAGE" in ancestor.environ():
                continue
        try:
            # An orphan is adopted by a process of another group; DVC stays in the stage's own.
            return ancestor.pid if os.getpgid(ancestor.pid) == os.getpgrp() else 0
        except OSError:  # it has ended since
            return 0
    return 0


def _silent_about_stopping(unraisable: Any) -> None:
    if not issubclass(unraisable.exc_type, Stopped):
        sys.__unraisablehook__(unraisable)
