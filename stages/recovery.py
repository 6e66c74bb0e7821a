"""What a killed `dvc` may leave behind, put right before the next one starts.

DVC rewrites `.dvc/tmp/rwlock` in place, so a SIGKILL in that moment leaves half a file, and then
every later `dvc repro` stops at it. All that such a file can hold is who is running now.
"""

import json
from pathlib import Path

from dvc.lock import LockError, make_lock

from stages.command import relative
from stages.layout import ROOT


def recover(folder: Path = ROOT / ".dvc" / "tmp") -> str:
    """Remove a damaged `rwlock`.

    Args:
        folder: DVC's folder for temporary files.

    Returns:
        What was done, in one line; nothing if there was nothing to do.
    """
    file = folder / "rwlock"
    if not file.exists():
        return ""
    try:
        with make_lock(str(folder / "rwlock.lock"), tmp_dir=str(folder)):
            try:
                json.loads(file.read_text(encoding="utf-8"))
            except ValueError:
                file.unlink()
                return f"removed {relative(file)}, which a killed process had left half-written"
    except LockError:  # somebody is just writing it: then it is not left behind
        return ""
    return ""


if __name__ == "__main__":
    done = recover()
    if done:
        print(done)
