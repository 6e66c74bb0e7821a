"""A command ends with one line, whether it succeeds or fails."""

import sys
from collections.abc import Callable

import pytest

from stages.commands.command_line import run_command
from stages.errors import StageError


def ended(work: Callable[..., str], *arguments: str) -> object:
    with pytest.MonkeyPatch.context() as patched, pytest.raises(SystemExit) as ending:
        patched.setattr(sys, "argv", ["command", *arguments])
        run_command("serve", work)
    return ending.value.code


def fail(problem: BaseException) -> Callable[[], str]:
    def work() -> str:
        raise problem

    return work


def test_a_command_prints_its_closing_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(lambda run: f"{run} is done", "abc") == 0
    assert ended(lambda: "") == 0
    assert capsys.readouterr().out == "serve: abc is done\n"


@pytest.mark.parametrize("arguments", [(), ("a", "b", "c")])
def test_a_wrong_number_of_arguments_prints_the_usage(arguments: tuple[str]) -> None:
    work = lambda pipeline, port: ""  # noqa: E731
    assert ended(work, *arguments) == "usage: python -m stages.commands.serve PIPELINE PORT"


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (StageError("no champion"), "serve: no champion"),
        (FileNotFoundError(2, "No such file", "a.json"), "serve: [Errno 2] No such file: 'a.json'"),
        (KeyboardInterrupt(), "serve: interrupted"),
    ],
)
def test_an_error_is_printed_in_one_line(problem: BaseException, line: str) -> None:
    assert ended(fail(problem)) == line
