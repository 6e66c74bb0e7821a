"""Signal handling of a stage. A signal or the end of the `dvc` process raises `Stopped`."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import psutil

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SECONDS_BETWEEN_CHECKS = 0.5
#: A library may suppress the exception, so it is raised again after this time.
_SECONDS_TO_CLEAN_UP = 15.0
_deferred = 0
_received = 0
_raised_at = float("-inf")


class Stopped(SystemExit):
    """Raised in the main thread to end a stage. The exit code is 128 + the signal number."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` on SIGINT, SIGTERM, SIGHUP or the end of the `dvc` process.

    An exception lets context managers clean up.

    Raises:
        Stopped: A signal was received, or the `dvc` process has ended.
    """
    global _received
    _received = 0
    for number in _SIGNALS:
        # `nohup` ignores SIGHUP, and background jobs of scripts ignore SIGINT. Keep that.
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
    """Defer `Stopped` until the end of a block that must not be interrupted.

    An exception in a database driver would leave a transaction open and the database locked.

    Raises:
        Stopped: A signal was received in the block.
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
    """Send SIGTERM when the `dvc` process has ended, and repeat it until this process ends."""
    while True:
        time.sleep(_SECONDS_BETWEEN_CHECKS)
        if _received or (dvc and not _is_alive(dvc)):
            os.kill(os.getpid(), signal.SIGTERM)


def _dvc() -> psutil.Process | None:
    """Return the `dvc` process of this stage: the nearest ancestor without `DVC_STAGE`, if any."""
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
