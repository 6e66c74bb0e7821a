"""Hashes equal those of DVC, and timings and provenance are saved in the checkout."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dvc_data.hashfile.build import build
from dvc_data.hashfile.db import HashFileDB
from dvc_objects.fs.local import LocalFileSystem

from stages.outputs.hashes import dvc_md5, fingerprint
from stages.outputs.provenance import Provenance, read_provenance, save_provenance
from stages.outputs.timings import last_timing, save_timing

ORIGIN = Provenance("abc", {"git_commit": "0e5cd80"}, "seed: 1\n", 100.5, 200.25)


def test_hashes_of_files_and_folders_are_those_of_dvc(tmp_path: Path) -> None:
    folder, disk = tmp_path / "data", LocalFileSystem()
    for name in ("a/x.bin", "a-b/x.bin", "a.bin", "deep/er/été.bin", "Z.bin"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 1000)
    for path in (folder / "a.bin", folder):
        database = HashFileDB(disk, str(tmp_path / "cache"))
        _, _, expected = build(database, str(path), disk, "md5", dry_run=True)
        assert dvc_md5(path) == expected.hash_info.value


def test_a_fingerprint_changes_with_parameters_and_with_data(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("1")
    first = fingerprint({"epochs": 1, "rate": 0.1}, [data])
    assert first == fingerprint({"rate": 0.1, "epochs": 1}, [data])
    assert first != fingerprint({"epochs": 2, "rate": 0.1}, [data])
    data.write_text("2")
    assert first != fingerprint({"epochs": 1, "rate": 0.1}, [data])


def test_the_last_timing_of_a_stage_is_read_back_and_a_damaged_one_is_ignored(
    project: Path,
) -> None:
    save_timing("a-stage@b", 99)
    save_timing("a-stage@b", 12.345)
    timing = last_timing("a-stage@b")
    assert timing.seconds == pytest.approx(12.345, abs=0.01)
    assert abs(datetime.now(UTC) - timing.ended) < timedelta(minutes=10)
    assert last_timing("another") is None
    for damage in ("", "[]", "{}", '{"seconds": "?", "ended": "2026-01-01"}'):
        (project / ".scratch" / "timings" / "a-stage@b.json").write_text(damage)
        assert last_timing("a-stage@b") is None


def test_the_provenance_of_each_training_run_is_saved(project: Path) -> None:
    save_provenance("figures", "small", replace(ORIGIN, fingerprint="former"))
    save_provenance("figures", "small", ORIGIN)
    assert read_provenance("figures", "small", "abc") == ORIGIN
    assert read_provenance("figures", "small", "former").fingerprint == "former"
    assert read_provenance("figures", "small", "unknown") is None
    assert read_provenance("figures", "other", "abc") is None
    for damage in ("", "[]", '{"fingerprint": "abc"}'):
        (project / ".provenance" / "figures" / "small" / "abc.json").write_text(damage)
        assert read_provenance("figures", "small", "abc") is None


def test_a_provenance_that_cannot_be_saved_does_not_fail_the_training(project: Path) -> None:
    (project / ".provenance").touch()
    save_provenance("figures", "small", ORIGIN)
