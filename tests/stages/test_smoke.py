"""The small workflow is valid, keeps to itself, and ends when it is told to."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages import smoke
from stages.layout import ROOT
from stages.params import Params


def test_the_small_parameters_are_valid_and_smaller() -> None:
    small = Params.model_validate(smoke.small_params())
    assert tuple(small.figures.networks) == smoke.NETWORKS
    assert tuple(small.digits.autoencoders) == smoke.AUTOENCODERS
    assert tuple(small.imbalance.variants) == smoke.FORECASTERS
    assert small.digits.source == "sklearn"  # no network is needed


def test_variants_of_other_names_and_a_users_own_series_are_made_small_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "params.yaml").read_text()
    for name in (*smoke.NETWORKS, *smoke.AUTOENCODERS, *smoke.FORECASTERS):
        text = text.replace(f" {name}:", f" my_{name}:")
    text = text.replace("my_reference: ridge", "reference: my_ridge")
    text = text.replace("source: simulated", "source: csv").replace("days: 800", "days: 30")
    monkeypatch.setattr(smoke, "PARAMS", tmp_path / "params.yaml")
    smoke.PARAMS.write_text(text)
    small = Params.model_validate(smoke.small_params())
    assert small.imbalance.source == "simulated"
    assert all(network.epochs == 2 for network in small.figures.networks.values())
    assert small.imbalance.variants["my_lstm_altered"].networks == 2


def test_the_copy_is_what_git_would_commit_but_results(tmp_path: Path) -> None:
    smoke.copy_project(tmp_path / "copy")
    copied = {
        path.relative_to(tmp_path / "copy").as_posix()
        for path in (tmp_path / "copy").rglob("*")
        if path.is_file() and ".git/" not in path.as_posix()
    }
    assert {"dvc.yaml", "stages/smoke.py", "pipelines/pictures.py"} <= copied
    assert not [name for name in copied if name.startswith(("results/", "tests/", "mlruns/"))]
    assert "dvc.lock" not in copied
    params = YAML(typ="safe").load((tmp_path / "copy" / "params.yaml").read_text())
    assert params == smoke.small_params()
    status = ["git", "status", "--porcelain"]
    assert subprocess.check_output(status, cwd=tmp_path / "copy", text=True) == ""


def test_it_records_in_a_store_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somewhere:5000")
    monkeypatch.setenv("DVC_ROOT", "/somewhere")
    own = smoke.environment()
    assert not [name for name in own if name.startswith(("MLFLOW_", "DVC_"))]
    assert own["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_command_end_in_its_own_time(tmp_path: Path, number: int) -> None:
    """As `subprocess.run` does not: it kills what has not ended a moment after Ctrl-C."""
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
        "import sys; from pathlib import Path; from stages.smoke import run_to_its_end; "
        f"sys.exit(run_to_its_end([sys.executable, {str(slow)!r}], Path({str(tmp_path)!r})))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # whoever runs the tests in the background may have Ctrl-C ignored, which is inherited
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)  # for the waiting itself to begin
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert (output, process.returncode) == ("cleaned up\n", 3)
