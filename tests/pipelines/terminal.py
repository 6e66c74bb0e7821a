"""Python scripts on a terminal of their own."""

import contextlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_on_a_terminal(script: str, folder: Path = ROOT) -> tuple[int, str]:
    """Run a script in a folder, and return its status and the text that it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=folder,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120", "PYTHONPATH": str(ROOT)},
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
    return process.wait(), re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
