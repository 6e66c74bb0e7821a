"""`make doctor` repairs files that a killed DVC process left incomplete, and keeps valid ones."""

import json
import shutil
from pathlib import Path

import pytest
from dvc.utils.serialize import dumps_yaml

from stages import paths
from stages.commands.doctor import doctor, repair_lock, repair_running_lists
from stages.errors import ParamsError
from stages.params import load_params
from stages.registry import PIPELINES
from tests.stages.commands.conftest import commit

REPOSITORY = Path(paths.ROOT)


def entry(path: str, digest: str) -> dict[str, object]:
    return {"path": path, "hash": "md5", "md5": digest * 16, "size": 3310}


LOCK = dumps_yaml(
    {
        "schema": "2.0",
        "stages": {
            f"train@{name}": {
                "cmd": f"python -m stages.train {name}",
                "deps": [entry(f"data/raw/été/{name}.npz", "b2")],
                "params": {"params.yaml": {"seed": 42, f"models.{name}": {"layers": [20, 10]}}},
                "outs": [entry(f"results/{name}/model", "d4") | {"nfiles": 2}],
            }
            for name in ("small", "large")
        },
    }
)
RUNNING = json.dumps({"write": {}, "read": {}})


@pytest.fixture
def lists(project: Path) -> list[Path]:
    """Both of DVC's lists of running stages, with valid content."""
    files = [project / ".dvc" / "tmp" / name for name in ("rwlock", "exps/rwlock")]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(RUNNING)
    return files


@pytest.mark.parametrize("damage", ["", '{"write": {', "\x00" * 10])
def test_an_unreadable_list_of_running_stages_is_removed(lists: list[Path], damage: str) -> None:
    for file in lists:
        file.write_text(damage)
        (line,) = repair_running_lists()
        assert line.startswith(f"removed {paths.relative(file)}")
        assert not file.exists()
    assert list(repair_running_lists()) == []


def test_a_list_that_dvc_is_writing_is_kept(
    lists: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    lists[0].write_text('{"write": {')
    finish = lambda _: lists[0].write_text(RUNNING)  # noqa: E731
    monkeypatch.setattr("stages.commands.doctor.time.sleep", finish)
    assert list(repair_running_lists()) == []
    assert lists[0].exists()


def test_a_truncated_dvc_lock_is_restored_from_the_last_commit(repository: Path) -> None:
    paths.LOCK.write_text(LOCK)
    commit(repository)
    lines = LOCK.encode().splitlines(keepends=True)
    cuts = [len(b"".join(lines[:count])) for count in range(len(lines))]
    for cut in [*range(0, len(LOCK.encode()), 97), *cuts]:
        paths.LOCK.write_bytes(LOCK.encode()[:cut])
        if list(repair_lock()):
            assert paths.LOCK.read_text() == LOCK, f"cut at {cut}"
        else:  # the remaining stages are complete for DVC
            assert LOCK.startswith(paths.LOCK.read_text())
    assert list(repair_lock()) == []


@pytest.mark.parametrize(
    "damaged",
    [
        LOCK + "\x00" * 50,
        LOCK.replace("  train@large:", "<<<<<<< HEAD\n  train@large:"),
        LOCK.replace("    cmd:", "    comd:", 1),
        LOCK.replace("- path:", "- paths:", 1),
        LOCK.replace("schema: '2.0'", "schema: '3.0'"),
    ],
)
def test_a_damaged_dvc_lock_that_was_never_committed_is_removed(
    repository: Path, damaged: str
) -> None:
    paths.LOCK.write_text(damaged)
    assert list(repair_lock()) == ["removed dvc.lock, which was damaged; `dvc repro` creates it"]
    assert not paths.LOCK.exists()
    assert list(repair_lock()) == []


def test_a_dvc_lock_is_repaired_without_a_repository(project: Path) -> None:
    paths.LOCK.write_text(LOCK[:-9])
    assert len(list(repair_lock())) == 1
    paths.LOCK.write_text(LOCK)
    assert list(repair_lock()) == []
    assert paths.LOCK.read_text() == LOCK


def test_invalid_parameters_are_refused_first(lists: list[Path]) -> None:
    lists[0].write_text("")
    paths.PARAMS.write_text("seed: [")
    with pytest.raises(ParamsError, match=r"^params.yaml: "):
        doctor()
    assert lists[0].exists()


def test_results_without_a_model_are_listed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(REPOSITORY / "params.yaml", paths.PARAMS)
    paths.WORKFLOW.write_text("outs: [results/imbalance/series/plots]\n")
    for pipeline in PIPELINES:
        for model in (*pipeline.models(load_params()), "series"):
            (paths.RESULTS / pipeline.name / model).mkdir(parents=True)
    assert doctor() == ""
    named = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert named == ["results/figures/series", "results/digits/series"]
