"""Outputs are complete or absent after any interruption."""

import errno
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stages.outputs.atomic import atomic_write, folder_of, read_json, write_json, write_outputs
from stages.paths import ROOT

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from stages.outputs.atomic import atomic_write
with atomic_write(Path(sys.argv[1], "b")) as draft:
    draft.mkdir()
    (draft / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
STOPPED_WHILE_REPLACING = """
import os, signal, sys
from pathlib import Path
from stages.outputs.atomic import write_outputs
from stages.outputs.signals import stoppable
replace = Path.replace
def interrupted(*names):
    os.kill(os.getpid(), signal.SIGTERM)
    return replace(*names)
Path.replace = interrupted
with stoppable():
    write_outputs(Path(sys.argv[1]), {name: Path.touch for name in ("a", "b", "c")})
"""


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_and_folders_appear_together_when_all_are_complete(tmp_path: Path) -> None:
    def check(draft: Path) -> None:
        assert not (tmp_path / "deep" / "a").exists()
        draft.touch()

    for name in ("old", "new"):
        writers = {"a": lambda draft: draft.write_text("1"), "b": folder_of({name: Path.touch})}
        write_outputs(tmp_path / name, writers | {"c": check})
        write_outputs(tmp_path / "both", writers)
        assert sorted(os.listdir(tmp_path / name)) == ["a", "b", "c"]
    assert os.listdir(tmp_path / "both" / "b") == ["new"]


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, None])
def test_a_failure_keeps_the_former_content(
    tmp_path: Path, problem: type[BaseException] | None
) -> None:
    write_outputs(tmp_path, {"file": Path.touch, "folder": folder_of({"old": Path.touch})})
    for path in (tmp_path / "file", tmp_path / "folder"):
        with pytest.raises(problem or FileNotFoundError), atomic_write(path) as draft:
            if problem:  # otherwise nothing is written
                draft.mkdir()
                raise problem
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
    assert os.listdir(tmp_path / "folder") == ["old"]


@pytest.mark.parametrize("failing", ["a", "b", "c"])
def test_an_error_of_a_full_disk_names_the_output_and_changes_nothing(
    tmp_path: Path, failing: str
) -> None:
    def refuse(draft: Path) -> None:
        with draft.open("wb") as file:
            file.write(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # like writing a file

    write_outputs(tmp_path, dict.fromkeys("abc", lambda draft: draft.write_text("old")))
    writers = dict.fromkeys("abc", lambda draft: draft.write_text("new"))
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_outputs(tmp_path, writers | {failing: refuse})
    assert caught.value.filename == str(tmp_path / failing)
    assert content(tmp_path) == dict.fromkeys("abc", "old")


@pytest.mark.parametrize(("name", "named"), [(".writing-model/w.bin", "model"), ("input", "input")])
def test_an_error_names_the_output_not_the_temporary_file(
    tmp_path: Path, name: str, named: str
) -> None:
    with pytest.raises(OSError, match="No such file") as caught, atomic_write(tmp_path / "model"):
        (tmp_path / name).read_bytes()
    assert caught.value.filename == str(tmp_path / named)


def test_the_next_write_removes_the_remains_of_a_killed_process(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, tmp_path], cwd=ROOT, check=False)
    assert os.listdir(tmp_path) == [".writing-b"]
    write_outputs(tmp_path, {"b": lambda draft: draft.write_text("new")})
    assert content(tmp_path) == {"b": "new"}


def test_a_signal_waits_until_all_outputs_are_in_place(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STOPPED_WHILE_REPLACING, tmp_path]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 128 + signal.SIGTERM
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "c"]


def test_json_is_read_back_and_other_content_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    write_json(file, {"test": {"accuracy": 0.5}})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(file, {"loss": math.nan})
    assert read_json(file) == {"test": {"accuracy": 0.5}}
    for damage in (b"", b"[]", b"{", b"\xff", b"null"):
        file.write_bytes(damage)
        with pytest.raises(ValueError, match=r"metrics\.json does not contain a mapping"):
            read_json(file)
