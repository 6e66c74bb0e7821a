"""A lock file that a killed `dvc` left half-written is removed, a good one is kept."""

import json
from pathlib import Path

import pytest
from dvc.lock import make_lock

from stages import recovery
from stages.recovery import recover


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recovery, "relative", lambda path: path.name)
    return tmp_path


@pytest.mark.parametrize("damage", ["", '{"write": {', "\x00" * 10])
def test_a_half_written_lock_is_removed_and_named(folder: Path, damage: str) -> None:
    (folder / "rwlock").write_text(damage)
    assert "rwlock" in recover(folder)
    assert not (folder / "rwlock").exists()


def test_a_good_lock_is_kept(folder: Path) -> None:
    (folder / "rwlock").write_text(json.dumps({"write": {}, "read": {}}))
    assert recover(folder) == ""
    assert (folder / "rwlock").exists()


def test_a_lock_that_is_just_being_written_is_kept(folder: Path) -> None:
    (folder / "rwlock").write_text("")
    with make_lock(str(folder / "rwlock.lock"), tmp_dir=str(folder)):
        assert recover(folder) == ""
    assert (folder / "rwlock").exists()


def test_nothing_to_recover_is_nothing_said(folder: Path) -> None:
    assert recover(folder) == ""
