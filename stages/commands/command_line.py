"""Entry point of commands: arguments, errors and closing line."""

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
        name: Name of the command.
        work: Function that runs the command and returns the closing lines, or an empty string.
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
    """Return environment variables for a process in a copy of the project.

    The variables of DVC, MLflow and Git are removed, so the copy uses its own tracking store and
    repository, even in a Git hook. A failure of the store is an error.
    """
    prefixes = ("DVC_", "MLFLOW_", "GIT_")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(prefixes)
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return environment | {"PATH": path, "TRACKING_REQUIRED": "1"}


def git(*arguments: str, folder: Path) -> str:
    """Run Git in a folder and return its output.

    Raises:
        StageError: Git fails.
    """
    process = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=separate_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise StageError(f"git {arguments[0]}: {' '.join(process.stderr.split())}")
    return process.stdout
