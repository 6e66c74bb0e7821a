"""Disks that refuse: full ones, files that may not grow, folders that may not be written."""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.workflow.project import Project

LIMITED = """
import os, resource, sys
most = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
os.execvp(sys.argv[2], sys.argv[2:])
"""

FULL = """
set -e
disk=$1 beside=$2 free=$3
shift 3
cp -a "$disk" "$beside"
mount -t tmpfs -o size=32m tmpfs "$disk"
cp -a "$beside/." "$disk"
cat /dev/zero > "$disk/filling" 2> /dev/null || true
truncate -s "-$free" "$disk/filling"
status=0
"$@" || status=$?
rm -r "$beside" "$disk/filling"
cp -a "$disk" "$beside"
exit $status
"""


def with_small_files(project: Project, most: int, *command: str, succeeds: bool = False) -> str:
    """Run a command that can write no file beyond so many bytes, a stand-in for a full disk."""
    limited = (sys.executable, "-c", LIMITED, str(most), *command)
    return project.run(*limited, succeeds=succeeds)


def on_a_full_disk(
    project: Project, folder: Path, free: int, *command: str, succeeds: bool = False
) -> str:
    """Run a command while a folder lies on a disk of its own with so many bytes free.

    Afterwards the folder is what the command has left on that disk. Skips the test where this
    process may not mount one.
    """
    if not mounting():
        pytest.skip("this process may mount no file system")
    beside = folder.with_name(f"{folder.name}-on-the-disk")
    words = ("sh", "-c", FULL, "full", str(folder), str(beside), str(free), *command)
    output = project.run(*mounting(), *words, succeeds=succeeds)
    shutil.rmtree(folder)
    beside.rename(folder)
    return output


def told(output: str) -> list[str]:
    """Return the lines of an output, but for the note that the store came with a copied project."""
    return [line for line in output.splitlines() if "mlflow.db was made in" not in line]


def where_permissions_bind() -> list[str]:
    """Return what runs a command such that a folder's permissions hold even for root.

    Skips the test where that cannot be had.
    """
    if os.geteuid() != 0:
        return []
    dropping = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    if not shutil.which("setpriv") or not _succeeds([*dropping, "true"]):
        pytest.skip("root may write everywhere, and cannot do without that right here")
    return dropping


@cache
def mounting() -> tuple[str, ...]:
    """Return what lets a command mount a disk that only it sees; nothing where that is refused."""
    if not shutil.which("unshare"):
        return ()
    for words in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        with tempfile.TemporaryDirectory() as folder:
            if _succeeds([*words, "mount", "-t", "tmpfs", "tmpfs", folder]):
                return tuple(words)
    return ()


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
