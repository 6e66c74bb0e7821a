"""Trainings in a process of their own, to be killed there or looked at from outside."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]

PREPARATION = """
import torch
torch.set_num_threads(1)
from tests.pipelines.training.small_modules import fit_regression, regression
"""

KILLED = """
import os, signal, threading, time
from pathlib import Path
{preparation}
fit_regression(regression(act=act), checkpoint_folder=Path({checkpoints!r}), max_epochs=60)
"""


def start_training(script: str, **options: Any) -> subprocess.Popen[bytes]:
    """Another Python, running a script that knows `fit_regression` and `regression`.

    Args:
        script: Run on one thread.
        options: Passed on to `Popen`.
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PREPARATION + script]
    return subprocess.Popen(command, env=environment, **options)


def killed_training(preparation: str, checkpoints: Path) -> int:
    """Trains until the preparation gets the process killed, and returns the process's status.

    Args:
        preparation: Defines `act`, which is called with its number in the midst of each epoch.
        checkpoints: The folder of the training's checkpoints.
    """
    script = KILLED.format(preparation=preparation, checkpoints=str(checkpoints))
    with start_training(script, stdout=subprocess.DEVNULL) as process:
        return process.wait()
