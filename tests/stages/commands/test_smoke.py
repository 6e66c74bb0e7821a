"""The smoke workflow has valid parameters, its own repository and store, and stops cleanly."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from stages import paths
from stages.commands import smoke
from stages.commands.command_line import separate_environment
from stages.errors import StageError
from stages.params import Params, load_params
from stages.registry import PIPELINES
from tests.stages.commands.conftest import commit

REPOSITORY = Path(paths.ROOT)


def test_the_smoke_parameters_are_valid_and_smaller() -> None:
    small, full = Params.model_validate(smoke.small_params()), load_params()
    for pipeline in PIPELINES:
        assert 2 <= len(pipeline.variants(small)) < len(pipeline.variants(full))
        for variant in pipeline.variants(small).values():
            assert getattr(variant, "epochs", 2) == 2
            assert variant.all_seeds(7) == [7]
    assert small.digits.source == "sklearn"  # no download


def test_smoke_parameters_also_apply_to_new_variants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (REPOSITORY / "params.yaml").read_text()
    for pipeline in PIPELINES:
        for name in pipeline.variants(load_params()):
            text = text.replace(f"    {name}:", f"    my_{name}:")
    baseline = load_params().imbalance.baseline
    text = text.replace(f"baseline: {baseline}\n", f"baseline: my_{baseline}\n")
    text = text.replace("source: simulated", "source: csv")
    monkeypatch.setattr(paths, "PARAMS", tmp_path / "params.yaml")
    paths.PARAMS.write_text(text)
    changes = (REPOSITORY / "params.smoke.yaml").read_text()
    changes = changes.replace(f": {baseline}\n", f": my_{baseline}\n")
    monkeypatch.setattr(paths, "SMOKE_PARAMS", tmp_path / "params.smoke.yaml")
    paths.SMOKE_PARAMS.write_text(changes)
    small = Params.model_validate(smoke.small_params())
    for pipeline in PIPELINES:
        assert len(pipeline.variants(small)) == len(pipeline.variants(load_params()))
        assert {getattr(each, "epochs", 2) for each in pipeline.variants(small).values()} == {2}


@pytest.mark.parametrize(
    ("document", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c", "d": "e"}, {"a": "c", "d": "e"}),
        ({"a": "b", "b": "c"}, {"a": None, "z": None}, {"b": "c"}),
        (
            {"a": {"b": "c"}, "l": [{"b": "c"}]},
            {"a": {"b": 1}, "l": [1]},
            {"a": {"b": 1}, "l": [1]},
        ),
        ({"x": {"n": 1}, "y": {"m": 1}}, {"*": {"n": 2}}, {"x": {"n": 2}, "y": {"m": 1}}),
        (
            {"x": {"n": 1}, "y": {"n": 1}},
            {"*": {"n": 2}, "x": {"n": 3}, "y": None},
            {"x": {"n": 3}},
        ),
        ({"x": {"o": {"n": 1}}}, {"*": {"o": {"n": 2, "m": 3}}}, {"x": {"o": {"n": 2}}}),
    ],
)
def test_a_patch_merges_removes_and_changes_all_siblings(
    document: Any, patch: Any, merged: Any
) -> None:
    before = repr(document)
    assert smoke.merge_patch(document, patch) == merged
    assert repr(document) == before


def test_a_patch_that_does_not_fit_is_refused_in_one_line(repository: Path) -> None:
    shutil.copy(REPOSITORY / "params.yaml", paths.PARAMS)
    paths.SMOKE_PARAMS.write_text("seed: none\n")
    with pytest.raises(StageError, match=r"^params.smoke.yaml does not fit .*: seed = 'none'"):
        smoke.smoke()
    paths.SMOKE_PARAMS.write_text("seed: [\n")
    with pytest.raises(StageError, match=r"^params.smoke.yaml: not YAML: [^\n]*$"):
        smoke.smoke()


def test_the_copy_contains_what_git_would_commit_except_results(
    repository: Path, tmp_path: Path
) -> None:
    paths.SMOKE_PARAMS.write_text("seed: 8\n")
    (repository / ".gitignore").write_text("/mlflow.db\n")
    included = ("stages/new.py", "data/external/imbalance/README.md")
    left = ("results/a/metrics.json", "tests/test_a.py", "data/raw/a.npz", "mlflow.db", "dvc.lock")
    for name in (*included, *left):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("x")
    smoke.copy_project(tmp_path / "copy")
    copied = {
        path.relative_to(tmp_path / "copy").as_posix()
        for path in (tmp_path / "copy").rglob("*")
        if path.is_file() and ".git/" not in path.as_posix()
    }
    given = {"params.yaml", "params.smoke.yaml", ".gitignore", ".dvc/config"}
    assert copied == {*included, *given}
    assert YAML(typ="safe").load((tmp_path / "copy" / "params.yaml").read_text()) == {"seed": 8}
    status = ["git", "status", "--porcelain"]
    assert subprocess.check_output(status, cwd=tmp_path / "copy", text=True) == ""


def test_a_project_without_repository_is_refused_in_one_line(project: Path) -> None:
    with pytest.raises(StageError, match=r"^git ls-files: .*not a git repository"):
        smoke.copy_project(project / "copy")


def test_the_copy_has_its_own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT", "GIT_DIR"):
        monkeypatch.setenv(name, "/somewhere")
    environment = separate_environment()
    assert not [name for name in environment if name.startswith(("MLFLOW_", "DVC_", "GIT_"))]
    assert environment["TRACKING_REQUIRED"] == "1"
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_both_steps_run_in_the_copy_and_the_first_failure_ends_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(REPOSITORY / "params.yaml", paths.PARAMS)
    paths.SMOKE_PARAMS.write_text("seed: 8\n")
    commit(repository)
    commands = []

    def run(command: list[str], root: Path) -> int:
        commands.append((command[-1], root))
        return len(commands) == 3

    monkeypatch.setattr(smoke, "run_to_end", run)
    root = repository / ".scratch" / "smoke"
    assert ".scratch/smoke/results/report.html" in smoke.smoke()
    assert commands == [("repro", root), ("stages.commands.publish", root)]
    with pytest.raises(StageError, match=r"^failed after \d+ s; see .scratch/smoke$"):
        smoke.smoke()
    assert len(commands) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_command_clean_up(tmp_path: Path, number: int) -> None:
    """`subprocess.run` would kill the command shortly after Ctrl-C."""
    slow = tmp_path / "slow.py"
    slow.write_text(
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep(1)\n"
        "    print('cleaned up', flush=True)\n"
        "    sys.exit(3)\n"
        "signal.signal(signal.SIGINT, end); signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    script = (
        "import sys; from pathlib import Path; from stages.commands.smoke import run_to_end; "
        f"sys.exit(run_to_end([sys.executable, {str(slow)!r}], Path({str(tmp_path)!r})))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # A background job may have inherited an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)  # until the process waits
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # like a terminal
    else:
        process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert (output, process.returncode) == ("cleaned up\n", 3)
