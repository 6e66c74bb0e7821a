"""Which `dvc` is at work in the project, by the locks it holds; and the locks of the killed."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from dvc.lock import LockError, make_lock
from dvc.rwlock import SCHEMA
from voluptuous import Invalid

from stages.outputs import whole

#: Files in which every `dvc` notes what it reads and writes: for stages, for experiments.
_NOTES = ("rwlock", "exps/rwlock")


@dataclass(frozen=True, order=True)
class Occupant:
    """A living process that works in the project.

    Attributes:
        since: when it was started.
        process: its number.
        command: what was typed.
    """

    since: datetime
    process: int
    command: str

    def __str__(self) -> str:
        return (
            f"`{self.command}` (process {self.process}, since {self.since:%Y-%m-%d %H:%M:%S}) is "
            f"at work here; wait until it has ended, or end it with `kill {self.process}`"
        )


def occupants(root: Path) -> list[Occupant]:
    """Return who works in the project: who has noted it, and who holds DVC's own lock.

    Args:
        root: the project.
    """
    temporary = root / ".dvc" / "tmp"
    numbers = {
        entry["pid"]
        for name in _NOTES
        for entry in _entries(_notes(temporary / name) or SCHEMA({}))
        if _is_alive(entry)
    }
    lock = temporary / "lock"
    if lock.exists():
        try:
            with make_lock(str(lock)):
                pass
        except LockError:  # DVC writes its number into it
            numbers |= {int(word) for word in lock.read_text().split() if word.isdigit()}
    return sorted(filter(None, map(_occupant, numbers)))


def remove_stale_locks(root: Path) -> list[str]:
    """Clear what killed processes left in DVC's notes of who reads and writes what.

    DVC itself strikes out a number that no process has any more, but waits for ever for one that
    another program has now, or that nobody has asked for its exit code; and a file that was left
    half-written stops it.

    Args:
        root: the project.

    Returns:
        What was done, a line for each file; nothing if there was nothing to do.
    """
    done = (_clean(root, f".dvc/tmp/{name}") for name in _NOTES)
    return [line for line in done if line]


def _clean(root: Path, name: str) -> str:
    file = root / name
    if _is_clean(_notes(file)):
        return ""
    with suppress(LockError), make_lock(str(file.with_name("rwlock.lock"))):
        notes = _notes(file)
        if _is_clean(notes):  # somebody was just writing it
            return ""
        if notes is None:
            file.unlink()
            return f"removed {name}, which a killed process had left half-written"
        dead = {entry["pid"]: entry["cmd"] for entry in _entries(notes) if not _is_alive(entry)}
        read = {
            path: [entry for entry in entries if entry["pid"] not in dead]
            for path, entries in notes["read"].items()
        }
        left = {
            "write": {
                path: entry for path, entry in notes["write"].items() if entry["pid"] not in dead
            },
            "read": {path: entries for path, entries in read.items() if entries},
        }
        with whole(file) as draft:
            draft.write_text(json.dumps(left), encoding="utf-8")
        named = ", ".join(f"`{_shortened(cmd)}` (process {pid})" for pid, cmd in dead.items())
        return f"cleared the locks of {named} in {name}, which was killed"
    return ""


def _notes(file: Path) -> dict[str, Any] | None:
    """Read the notes; none at all if the file is damaged."""
    try:
        return SCHEMA(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return SCHEMA({})
    except (ValueError, Invalid):
        return None


def _is_clean(notes: dict[str, Any] | None) -> bool:
    return notes is not None and all(map(_is_alive, _entries(notes)))


def _entries(notes: dict[str, Any]) -> list[dict[str, Any]]:
    return [*notes["write"].values(), *(entry for some in notes["read"].values() for entry in some)]


def _is_alive(entry: dict[str, Any]) -> bool:
    """Whether the process that made an entry still runs; another may have its number now."""
    try:
        process = psutil.Process(entry["pid"])
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        command = " ".join(process.cmdline())
    except psutil.AccessDenied:  # somebody else's
        return True
    except psutil.Error:
        return False
    return "dvc" in command or command.split()[-1:] == entry["cmd"].split()[-1:]


def _occupant(number: int) -> Occupant | None:
    try:
        process = psutil.Process(number)
        since = datetime.fromtimestamp(int(process.create_time()))
        return Occupant(since, number, _shortened(" ".join(process.cmdline())))
    except psutil.Error:  # it has ended since
        return None


def _shortened(command: str) -> str:
    """Leave away an interpreter and the folder of the program.

    >>> _shortened("/usr/bin/python3 /home/me/.venv/bin/dvc repro --force")
    'dvc repro --force'
    """
    words = command.split()
    if len(words) > 1 and Path(words[0]).name.startswith("python"):
        del words[0]
    return " ".join([Path(words[0]).name, *words[1:]]) if words else "dvc"
