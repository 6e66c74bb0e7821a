"""Signal handling of a stage: a signal, or the end of `dvc`, raises `Stopped`."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import psutil

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SECONDS_BETWEEN_LOOKS = 0.5
#: A library may swallow the exception, so it is raised again after this time.
_SECONDS_TO_CLEAN_UP = 15.0
_deferred = 0
_received = 0
_raised_at = float("-inf")


class Stopped(SystemExit):
    """Raised in the main thread when a stage is to end; its code is 128 + the signal's number."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn SIGINT, SIGTERM, SIGHUP and the end of `dvc` into `Stopped`.

    As an exception it lets every `with` on the way clean up.

    Yields:
        Nothing; the stage works meanwhile.

    Raises:
        Stopped: a signal came, or `dvc` is gone.
    """
    global _received
    _received = 0
    for number in _SIGNALS:
        # Under `nohup` SIGHUP stays ignored, and so does Ctrl-C in a script's background job.
        if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)
    threading.Thread(target=_watch, args=(_dvc(),), daemon=True).start()
    try:
        yield
    except Exception as problem:
        if _received:  # a library wrapped `Stopped`
            raise Stopped(128 + _received) from problem
        raise
    finally:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Raise `Stopped` only after a call that must not be interrupted.

    An exception within a database driver would leave its transaction open, and the database locked.

    Yields:
        Nothing; the call is made meanwhile.

    Raises:
        Stopped: a signal came meanwhile.
    """
    global _deferred
    _deferred += 1
    try:
        yield
    finally:
        _deferred -= 1
    if _received and not _deferred:
        _stop(_received, None)


def _stop(number: int, _frame: FrameType | None) -> None:
    global _received, _raised_at
    _received = _received or number
    if _deferred or time.monotonic() - _raised_at < _SECONDS_TO_CLEAN_UP:
        return
    _raised_at = time.monotonic()
    raise Stopped(128 + _received)


def _watch(dvc: psutil.Process | None) -> None:
    """Send SIGTERM when `dvc` is gone, and again until the process has ended."""
    while True:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        if _received or (dvc and not _is_alive(dvc)):
            os.kill(os.getpid(), signal.SIGTERM)


def _dvc() -> psutil.Process | None:
    """Find the `dvc` that runs this stage: the nearest ancestor without `DVC_STAGE`, if any."""
    if "DVC_STAGE" in os.environ:
        for ancestor in psutil.Process().parents():
            with suppress(psutil.Error):
                if "DVC_STAGE" not in ancestor.environ():
                    return ancestor
    return None


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
