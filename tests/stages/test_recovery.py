"""A file that a killed `dvc` left half-written is mended or removed, a good one is kept."""

import json
import subprocess
from pathlib import Path

import pytest
from dvc.lock import make_lock
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import dumps_yaml, parse_yaml

from stages.recovery import recover


def entry(path: str, digest: str) -> dict[str, object]:
    return {"path": path, "hash": "md5", "md5": digest * 16, "size": 3310}


LOCK = dumps_yaml(
    {
        "schema": "2.0",
        "stages": {
            name: {
                "cmd": f"python -m stages.{name}",
                "deps": [entry("stages/seed.py", "a1"), entry(f"data/raw/été/{name}.npz", "b2")],
                "params": {"params.yaml": {"seed": 42, f"networks.{name}": {"layers": [20, 10]}}},
                "outs": [
                    entry(f"results/{name}/history.csv", "c3"),
                    entry(f"results/{name}/model", "d4") | {"md5": f"{'d4' * 16}.dir", "nfiles": 2},
                ],
            }
            for name in ("generate", "train@demo", "evaluate@demo")
        },
    }
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    return tmp_path


def commit(root: Path, lock: str) -> None:
    (root / "dvc.lock").write_text(lock)
    for command in (
        ["init", "--quiet"],
        ["add", "dvc.lock"],
        [
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@example.com",
            "commit",
            "--quiet",
            "-m",
            "A lock",
        ],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)


def stages(text: str) -> dict[str, dict]:
    return COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, "dvc.lock"))["stages"]


@pytest.mark.parametrize("damage", ["", '{"write": {', "\x00" * 10])
def test_a_half_written_rwlock_is_removed_and_named(root: Path, damage: str) -> None:
    (root / ".dvc/tmp/rwlock").write_text(damage)
    (line,) = recover(root)
    assert "rwlock" in line
    assert not (root / ".dvc/tmp/rwlock").exists()


def test_a_good_rwlock_is_kept(root: Path) -> None:
    (root / ".dvc/tmp/rwlock").write_text(json.dumps({"write": {}, "read": {}}))
    assert recover(root) == []
    assert (root / ".dvc/tmp/rwlock").exists()


def test_a_rwlock_that_is_just_being_written_is_kept(root: Path) -> None:
    (root / ".dvc/tmp/rwlock").write_text("")
    with make_lock(str(root / ".dvc/tmp/rwlock.lock")):
        assert recover(root) == []
    assert (root / ".dvc/tmp/rwlock").exists()


def test_nothing_to_recover_is_nothing_said(root: Path) -> None:
    assert recover(root) == []


def cuts(text: str) -> list[int]:
    """Every 50th byte, and the beginning and the end of every line."""
    data = text.encode()
    ends = [place for place, byte in enumerate(data) if byte == ord("\n")]
    return sorted({0, *range(0, len(data), 50), *ends, *(end + 1 for end in ends)})


def test_of_a_stage_lock_cut_off_anywhere_every_stage_before_the_cut_is_left(root: Path) -> None:
    file, original = root / "dvc.lock", stages(LOCK)
    for cut in cuts(LOCK):
        file.write_bytes(LOCK.encode()[:cut])
        recover(root)
        left = stages(file.read_text()) if file.exists() else {}
        assert list(left) == list(original)[: len(left)]
        assert len(left) >= LOCK.encode()[:cut].count(b"    cmd: ") - 1
        for name, stage in left.items():
            # A stage without its last output DVC runs again, as one whose output is missing.
            outs = original[name]["outs"][: len(stage["outs"])]
            assert stage == original[name] | {"outs": outs}, f"cut at {cut}"
        assert recover(root) == [], f"cut at {cut}"


def test_a_stage_lock_that_ends_with_the_report_is_good_and_one_cut_in_it_loses_nothing_else(
    root: Path,
) -> None:
    folders = [entry(f"results/{name}", "e5") | {"nfiles": 3} for name in ("comparison", "digits")]
    report = {"cmd": "python -m stages.report", "deps": folders}
    whole = parse_yaml(LOCK, "dvc.lock")
    whole["stages"]["report"] = report
    file, text = root / "dvc.lock", dumps_yaml(whole)
    file.write_text(text)
    assert recover(root) == []
    assert file.read_text() == text
    for cut in (cut for cut in cuts(text) if cut >= len(LOCK.encode())):
        file.write_bytes(text.encode()[:cut])
        recover(root)
        left = stages(file.read_text())
        assert {name: left[name] for name in left if name != "report"} == stages(LOCK)
        assert recover(root) == [], f"cut at {cut}"


def test_the_stages_that_were_lost_come_from_the_last_commit(root: Path) -> None:
    commit(root, LOCK)
    for cut in cuts(LOCK):
        (root / "dvc.lock").write_bytes(LOCK.encode()[:cut])
        if recover(root):
            assert (root / "dvc.lock").read_text() == LOCK, f"cut at {cut}"


def test_a_stage_before_the_cut_wins_over_its_committed_state(root: Path) -> None:
    commit(root, LOCK)
    later = LOCK.replace("seed: 42", "seed: 43")
    (root / "dvc.lock").write_text(later[: later.index("  evaluate@demo:") + 60])
    assert recover(root) == [
        "mended dvc.lock, which a killed process had left half-written: "
        "stages before the damage 2, from the last commit 1"
    ]
    seeds = [
        stage["params"]["params.yaml"]["seed"]
        for stage in stages((root / "dvc.lock").read_text()).values()
    ]
    assert seeds == [43, 43, 42]


def test_blocks_that_a_crash_left_empty_are_mended_too(root: Path) -> None:
    (root / "dvc.lock").write_text(LOCK[:1000] + "\x00" * 500)
    assert len(recover(root)) == 1
    assert len(stages((root / "dvc.lock").read_text())) == 1
    assert stages((root / "dvc.lock").read_text()).items() <= stages(LOCK).items()


def test_a_good_stage_lock_is_kept(root: Path) -> None:
    (root / "dvc.lock").write_text(LOCK)
    assert recover(root) == []
    assert (root / "dvc.lock").read_text() == LOCK


@pytest.mark.parametrize(
    "text",
    [
        f"<<<<<<< HEAD\n{LOCK}=======\n{LOCK}>>>>>>> other\n",
        LOCK.replace("  train@demo:", "<<<<<<< HEAD\n  train@demo:"),
        LOCK.replace("    cmd:", "    comd:", 1),
        LOCK.replace("schema: '2.0'", "schema: '3.0'"),
    ],
)
def test_what_is_damaged_otherwise_is_left_to_a_person(root: Path, text: str) -> None:
    (root / "dvc.lock").write_text(text)
    assert recover(root) == []
    assert (root / "dvc.lock").read_text() == text


def test_a_stage_lock_that_is_just_being_written_is_left_alone(root: Path) -> None:
    (root / "dvc.lock").write_text(LOCK[:1000])
    with make_lock(str(root / ".dvc/tmp/lock")):
        assert recover(root) == []
    assert (root / "dvc.lock").read_text() == LOCK[:1000]
