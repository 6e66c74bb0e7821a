"""Outputs are whole or absent, and digests are DVC's."""

import errno
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dvc_data.hashfile.hash import hash_file
from dvc_objects.fs.local import LocalFileSystem

from stages.layout import ROOT
from stages.outputs import dvc_md5, fingerprint, whole, write_json, write_outputs


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "numbers.txt"
    with whole(path) as draft:
        draft.write_text("1")
        assert not path.exists()
    assert path.read_text() == "1"
    assert os.listdir(path.parent) == ["numbers.txt"]


def test_a_folder_takes_the_place_of_the_former_one(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    for content in ("old", "new"):
        with whole(folder) as draft:
            draft.mkdir()
            (draft / content).write_text(content)
    assert os.listdir(folder) == ["new"]
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_stood_before_survives_a_failure(tmp_path: Path, problem: type[BaseException]) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("old")
    folder.mkdir()
    (folder / "old").touch()
    for path in (file, folder):
        with pytest.raises(problem), whole(path) as draft:
            draft.mkdir()
            (draft / "half").touch()
            raise problem
    assert file.read_text() == "old"
    assert os.listdir(folder) == ["old"]
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_what_stood_before_survives_a_draft_that_was_never_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").touch()
    with pytest.raises(FileNotFoundError), whole(tmp_path / "folder"):
        pass
    assert os.listdir(tmp_path / "folder") == ["old"]


def test_leftovers_of_a_killed_process_go_with_the_next_writing(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from stages.outputs import whole
with whole(Path(sys.argv[1])) as draft:
    draft.mkdir()
    (draft / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "model")], check=False)
    (leftover,) = os.listdir(tmp_path)
    assert leftover.startswith(".writing-model-")
    with whole(tmp_path / "model") as draft:
        draft.mkdir()
    assert os.listdir(tmp_path) == ["model"]


def test_a_leftover_of_an_earlier_process_with_the_same_number_is_no_obstacle(
    tmp_path: Path,
) -> None:
    leftover = tmp_path / f".writing-model-{os.getpid()}"
    leftover.mkdir()
    (leftover / "half").touch()
    with whole(tmp_path / "model") as draft:
        draft.mkdir()
    assert os.listdir(tmp_path / "model") == []


def test_the_draft_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / f".writing-model-{os.getppid()}"
    other.mkdir()
    with whole(tmp_path / "model") as draft:
        draft.mkdir()
    assert other.exists()


def test_json_with_nan_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "metrics.json", {"loss": math.nan})
    assert os.listdir(tmp_path) == []


def test_json_is_read_back(tmp_path: Path) -> None:
    write_json(tmp_path / "metrics.json", {"test": {"accuracy": 0.5}})
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"test": {"accuracy": 0.5}}


def test_digests_of_files_are_dvcs(tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(bytes(range(256)) * 100)
    _, expected = hash_file(str(file), LocalFileSystem(), "md5")
    assert dvc_md5(file) == expected.value


def test_a_fingerprint_changes_with_parameters_and_with_data(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("1")
    first = fingerprint({"epochs": 1}, [data])
    assert first == fingerprint({"epochs": 1}, [data])
    assert first != fingerprint({"epochs": 2}, [data])
    data.write_text("2")
    assert first != fingerprint({"epochs": 1}, [data])


def refuse(draft: Path) -> None:
    with draft.open("wb") as file:
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as a write to an open file does


def test_outputs_that_belong_together_appear_together(tmp_path: Path) -> None:
    def check(draft: Path) -> None:
        assert not (tmp_path / "first").exists()
        draft.mkdir()

    write_outputs(tmp_path, {"first": lambda draft: draft.write_text("1"), "second": check})
    assert sorted(os.listdir(tmp_path)) == ["first", "second"]


@pytest.mark.parametrize("failing", ["first", "second", "third"])
def test_one_output_that_the_disk_refuses_is_named_and_leaves_all_as_they_were(
    tmp_path: Path, failing: str
) -> None:
    names = ("first", "second", "third")
    write_outputs(tmp_path, {name: lambda draft: draft.write_text("old") for name in names})
    writers = {name: lambda draft: draft.write_text("new") for name in names}
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_outputs(tmp_path, writers | {failing: refuse})
    assert caught.value.filename == str(tmp_path / failing)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        names, "old"
    )


def test_an_error_about_a_draft_names_the_output(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as caught, whole(tmp_path / "model") as draft:
        (draft / "weights.bin").write_bytes(b"")
    assert caught.value.filename == str(tmp_path / "model")
    with pytest.raises(OSError, match="No such file") as caught, whole(tmp_path / "model"):
        (tmp_path / "elsewhere" / "input").read_bytes()
    assert caught.value.filename == str(tmp_path / "elsewhere" / "input")


def test_a_signal_while_outputs_take_their_places_waits_until_all_have(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from stages.outputs import write_outputs\n"
        "from stages.stopping import stoppable\n"
        "rename = Path.replace\n"
        "def interrupted(*names):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    return rename(*names)\n"
        "Path.replace = interrupted\n"
        "writers = {name: lambda draft: draft.write_text('new') for name in ('a', 'b')}\n"
        "with stoppable():\n"
        "    write_outputs(Path(sys.argv[1]), writers)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False)
    assert ended.returncode == 128 + signal.SIGTERM
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a", "b"]
