"""Who is at work in the project is named; what the dead have locked is free again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from stages.occupancy import occupants, remove_stale_locks

PIPELINE = """
stages:
  wait:
    cmd: test -e go || sleep 100; echo done > out
    outs:
      - out
"""
DVC = str(Path(sys.executable).parent / "dvc")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose only stage waits, or ends at once where there is a file `go`."""
    subprocess.run([DVC, "init", "--no-scm", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    return tmp_path


@pytest.fixture
def at_work(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A `dvc repro` in the midst of its stage."""
    process = subprocess.Popen([DVC, "repro"], cwd=root, start_new_session=True)
    wait_until(lambda: str(process.pid) in note(root))
    wait_until(lambda: is_waiting(process))
    yield process
    end(process)
    process.wait()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def note(root: Path) -> str:
    file = root / ".dvc/tmp/rwlock"
    return file.read_text() if file.exists() else ""


def is_waiting(process: subprocess.Popen[bytes]) -> bool:
    found = psutil.Process(process.pid).children(recursive=True)
    return any(child.name() == "sleep" for child in found)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def repro(root: Path) -> subprocess.CompletedProcess[str]:
    (root / "go").touch()
    return subprocess.run([DVC, "repro"], cwd=root, capture_output=True, text=True, check=False)


def test_who_is_at_work_is_named_and_keeps_its_locks(
    root: Path, at_work: subprocess.Popen[bytes]
) -> None:
    before = note(root)
    (occupant,) = occupants(root)
    assert (occupant.process, occupant.command) == (at_work.pid, "dvc repro")
    assert f"`kill {at_work.pid}`" in str(occupant)
    assert "\n" not in str(occupant)
    assert remove_stale_locks(root) == []
    assert note(root) == before


def test_a_killed_process_that_nobody_has_asked_for_its_exit_code_blocks_no_longer(
    root: Path, at_work: subprocess.Popen[bytes]
) -> None:
    os.killpg(at_work.pid, signal.SIGKILL)
    wait_until(lambda: occupants(root) == [])
    assert "is busy" in repro(root).stderr  # what DVC makes of it alone
    (line,) = remove_stale_locks(root)
    assert f"`dvc repro` (process {at_work.pid})" in line
    assert repro(root).returncode == 0
    assert remove_stale_locks(root) == []


def test_a_number_that_another_program_has_now_blocks_no_longer(root: Path) -> None:
    other = subprocess.Popen(["sleep", "100"])
    try:
        entry = {"pid": other.pid, "cmd": "/usr/bin/dvc repro"}
        notes = {"write": {str(root / "out"): entry}, "read": {str(root / "dvc.yaml"): [entry]}}
        (root / ".dvc/tmp/rwlock").write_text(json.dumps(notes))
        assert "is busy" in repro(root).stderr
        assert occupants(root) == []
        assert len(remove_stale_locks(root)) == 1
        assert repro(root).returncode == 0
    finally:
        other.kill()
        other.wait()


def test_of_the_living_and_the_dead_only_the_dead_are_struck_out(
    root: Path, at_work: subprocess.Popen[bytes]
) -> None:
    file = root / ".dvc/tmp/rwlock"
    living = json.loads(file.read_text())
    path = str(root / "shared")
    entries = [{"pid": at_work.pid, "cmd": f"{DVC} repro"}, {"pid": 2**22 + 1, "cmd": "dvc add x"}]
    file.write_text(json.dumps({"read": {path: entries}, "write": living["write"]}))
    (line,) = remove_stale_locks(root)
    assert "`dvc add x`" in line
    assert json.loads(file.read_text()) == {"read": {path: entries[:1]}, "write": living["write"]}


def test_the_notes_of_experiments_are_cleared_too(root: Path) -> None:
    file = root / ".dvc/tmp/exps/rwlock"
    file.parent.mkdir()
    entry = {"pid": 2**22 + 1, "cmd": "dvc exp run --temp"}
    file.write_text(json.dumps({"write": {"workspace": entry}, "read": {}}))
    (line,) = remove_stale_locks(root)
    assert ".dvc/tmp/exps/rwlock" in line
    assert json.loads(file.read_text()) == {"write": {}, "read": {}}


def test_who_holds_the_lock_of_the_project_is_named(root: Path) -> None:
    lock = root / ".dvc/tmp/lock"
    code = f"from dvc.lock import make_lock; l = make_lock({str(lock)!r}); l.lock(); input()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    try:
        wait_until(lambda: lock.exists() and str(holder.pid) in lock.read_text())
        (occupant,) = occupants(root)
        assert occupant.process == holder.pid
    finally:
        holder.kill()
        holder.communicate()
    assert occupants(root) == []
