"""A stage ends with one line, whether it succeeds, fails or is interrupted."""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stages.errors import StageError, in_one_line, read_input
from stages.outputs.timings import last_timing
from stages.paths import ROOT
from stages.runner import command

NETWORKS = {"one": 1, "other": 2}
Run = Callable[..., tuple[Any, str]]


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a stage and returns its exit code or message, and its output."""
    monkeypatch.setattr(command, "stoppable", nullcontext)
    monkeypatch.setattr(command, "load_params", lambda: SimpleNamespace(seed=7, networks=NETWORKS))

    def run(work: Callable[..., str], *arguments: str, variant: bool = False) -> tuple[Any, str]:
        monkeypatch.setattr(sys, "argv", ["stage", *arguments])
        with pytest.raises(SystemExit) as ended:
            if variant:
                command.run_variant("a-stage", work, lambda params: params.networks)
            else:
                command.run_stage("a-stage", work)
        return ended.value.code, "".join(capsys.readouterr())

    return run


def test_the_closing_line_is_printed_and_the_duration_saved(run: Run) -> None:
    code, text = run(lambda params, name: f"{params.networks[name]}", "other", variant=True)
    assert code == 0
    line, _, seconds = text.removesuffix(" s)\n").partition(" (")
    assert line == "a-stage@other: 2"
    assert last_timing("a-stage@other").seconds == pytest.approx(float(seconds), abs=0.06)


@pytest.mark.parametrize(
    ("variant", "arguments", "line"),
    [
        (True, [], "usage: python -m stages.a.stage NAME"),
        (True, ["one", "other"], "usage: python -m stages.a.stage NAME"),
        (
            True,
            ["unknown"],
            "a-stage@unknown: params.yaml has no variant 'unknown'; it has one, other",
        ),
        (False, ["one"], "a-stage takes no argument"),
    ],
)
def test_wrong_arguments_are_refused_with_the_accepted_values(
    run: Run, variant: bool, arguments: list[str], line: str
) -> None:
    assert run(lambda *_: "done", *arguments, variant=variant) == (line, "")


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (StageError("the file is damaged"), "the file is damaged"),
        (
            OSError(28, "No space left on device", "/data/model"),
            "/data/model: No space left on device",
        ),
        (OSError("the socket is closed"), "the socket is closed"),
        (MemoryError("Unable to\nallocate 7 TiB"), "out of memory: Unable to allocate 7 TiB"),
        (MemoryError(), "out of memory"),
    ],
)
def test_an_error_is_printed_in_one_line_and_keeps_the_last_duration(
    run: Run, problem: Exception, line: str
) -> None:
    def fail(_params: object) -> str:
        raise problem

    run(lambda params: "done")
    before = last_timing("a-stage")
    assert run(fail) == (f"a-stage: {line}", "")
    assert last_timing("a-stage") == before


def test_a_duration_that_cannot_be_saved_does_not_fail_the_stage(run: Run, project: Path) -> None:
    (project / ".scratch").touch()
    assert run(lambda params: "done")[0] == 0


def test_a_signal_ends_a_real_stage() -> None:
    code = """
import os, signal, time
from stages.runner.command import run_stage
def work(params):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(20)
run_stage("a-stage", work)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 128 + signal.SIGTERM
    assert ended.stdout + ended.stderr == "a-stage: interrupted; no incomplete output is left\n"


def test_a_missing_or_damaged_input_is_named_with_a_hint(project: Path) -> None:
    def damaged(_path: Path) -> None:
        raise ValueError("it is no zip file")

    file = project / "data" / "figures.npz"
    with pytest.raises(
        StageError, match=r"^data/figures\.npz is missing; create it with `dvc repro`$"
    ):
        read_input(Path.read_bytes, file)
    with pytest.raises(StageError, match=r"^data/figures\.npz: it is no zip file; delete it and"):
        read_input(damaged, file)
    with pytest.raises(StageError, match=r"^no such kind$"), in_one_line(ValueError):
        raise ValueError("no such\n  kind")
