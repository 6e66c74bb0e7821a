"""A full or read-only disk ends a stage with one line, and earlier results are kept."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.workflow.project import Project, cannot_run

TRAIN = ("python", "-m", "stages.figures.train", "demo_1")
EVALUATE = ("python", "-m", "stages.figures.evaluate", "demo_1")
STORE = {"TRACKING_REQUIRED": "0", "MLFLOW_TRACKING_URI": "sqlite:///store/mlflow.db"}

#: Run a command while a folder is mounted as a disk with the given number of free bytes. Afterwards
#: the folder contains what the command left on the disk.
FULL = """
set -e
disk=$1 beside=$1-beside free=$2
shift 2
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


def on_full_disk(
    project: Project, folder: str, free: int, *command: str, succeeds: bool, **environment: str
) -> str:
    disk = project.root / folder
    words = (*_mounting(), "sh", "-c", FULL, "full", str(disk), str(free), *command)
    output = project.run(*words, succeeds=succeeds, **environment)
    shutil.rmtree(disk)
    disk.with_name(f"{disk.name}-beside").rename(disk)
    return output


@pytest.fixture
def store(copy: Project) -> Path:
    """Folder of a separate tracking store."""
    folder = copy.root / "store"
    folder.mkdir()
    (copy.root / "mlflow.db").rename(folder / "mlflow.db")
    return folder


def test_a_model_that_does_not_fit_on_the_disk_keeps_earlier_results(copy: Project) -> None:
    copy.change_network("demo_1", layers=[{"width": 1500, "activation": "relu"}])  # 5 MB
    before = copy.snapshot("results")
    output = on_full_disk(copy, "results/figures/demo_1", 2_000_000, *TRAIN, succeeds=False)
    assert output == (
        "figures-train@demo_1: results/figures/demo_1/model: No space left on device\n"
    )
    assert copy.snapshot("results") == before
    assert copy.drafts() == []


def test_a_full_disk_of_the_store_is_one_warning(copy: Project, store: Path) -> None:
    before = copy.snapshot("results")
    output = on_full_disk(copy, store.name, 0, *EVALUATE, succeeds=True, **STORE)
    warning, closing = output.splitlines()
    assert "store/mlflow.db failed (database or disk is full)" in warning
    assert closing.startswith("figures-evaluate@demo_1: test accuracy")
    assert copy.snapshot("results") == before


def test_read_only_results_are_named_and_kept(copy: Project) -> None:
    before = copy.snapshot("results")
    with _read_only(copy.root / "results"):
        output = copy.run(*_without_privileges(), *TRAIN, succeeds=False)
    assert output == "figures-train@demo_1: results/figures/demo_1/model: Permission denied\n"
    assert copy.snapshot("results") == before
    assert copy.drafts() == []


def test_a_read_only_store_is_one_warning(copy: Project, store: Path) -> None:
    before = copy.snapshot("results")
    (store / "mlflow.db").chmod(0o444)
    with _read_only(store):
        output = copy.run(*_without_privileges(), *EVALUATE, **STORE)
    warning, closing = output.splitlines()
    assert "store/mlflow.db failed (" in warning
    assert closing.startswith("figures-evaluate@demo_1: test accuracy")
    assert copy.snapshot("results") == before


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for each in folders:
        each.chmod(0o555)
    try:
        yield
    finally:
        for each in folders:
            each.chmod(0o755)


def _without_privileges() -> list[str]:
    """Return a command prefix under which permissions of folders apply even to root."""
    if os.geteuid() != 0:
        return []
    dropping = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    if not _succeeds([*dropping, "true"]):
        cannot_run("root may write everywhere, and cannot give up that right", "REQUIRE_DISKS")
    return dropping


def _mounting() -> list[str]:
    """Return a command prefix that allows mounting a private disk."""
    words = ["unshare", "--mount", *(["--user", "--map-root-user"] if os.geteuid() else [])]
    if not _succeeds([*words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]):
        cannot_run("this process may mount no file system", "REQUIRE_DISKS")
    return words


def _succeeds(command: list[str]) -> bool:
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
