"""Trainings in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.pipelines.terminal import ROOT

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
    """Start a script that may use `fit_regression` and `regression`."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PREPARATION + script]
    return subprocess.Popen(command, env=environment, **options)


def killed_training(preparation: str, checkpoints: Path) -> int:
    """Train until the process is killed, and return its status.

    The preparation defines `act`, which is called with its number during each epoch.
    """
    script = KILLED.format(preparation=preparation, checkpoints=str(checkpoints))
    with start_training(script, stdout=subprocess.DEVNULL) as process:
        return process.wait()
