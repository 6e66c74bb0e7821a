"""How a command that is no stage runs: arguments, errors, one closing line."""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from stages.errors import StageError


def run_command(name: str, work: Callable[..., str]) -> NoReturn:
    """Run a command with the arguments of the command line, then exit.

    Args:
        name: of the command.
        work: does the work and returns the closing lines, or an empty text.
    """
    arguments, parameters = sys.argv[1:], list(inspect.signature(work).parameters)
    if len(arguments) != len(parameters):
        sys.exit(
            " ".join([f"usage: python -m stages.commands.{name}", *map(str.upper, parameters)])
        )
    try:
        closing = work(*arguments)
    except KeyboardInterrupt:
        sys.exit(f"{name}: interrupted")
    except (StageError, OSError) as problem:
        sys.exit(f"{name}: {problem}")
    if closing:
        print(f"{name}: {closing}")
    sys.exit(0)


def separate_environment() -> dict[str, str]:
    """Return the environment for a copy of the project: this Python, but no DVC, MLflow or Git.

    So the copy logs to its own store and commits to its own repository, even in a Git hook. A
    failure of its store is an error.
    """
    own = ("DVC_", "MLFLOW_", "GIT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "TRACKING_REQUIRED": "1"}


def git(*arguments: str, folder: Path) -> str:
    """Run Git in a folder and return what it prints.

    Raises:
        StageError: Git fails.
    """
    answer = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=separate_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise StageError(f"git {arguments[0]}: {' '.join(answer.stderr.split())}")
    return answer.stdout
