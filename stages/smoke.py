"""The whole workflow, small: in a copy of the project, with few data, few epochs, its own store.

`python -m stages.smoke` runs it afresh in `.scratch/smoke`, in less than two minutes, and leaves
the project's own results, `dvc.lock` and store alone.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.layout import PARAMS, ROOT, SCRATCH
from stages.params import ParamsError, load_params

NETWORKS = ("default", "demo_1", "reference")
AUTOENCODERS = ("ae", "vae_missing")
FORECASTERS = ("ridge", "lstm_altered")

_FRACTIONS = {"by": "fractions", "train": 0.7, "validation": 0.15, "test": 0.15}
_YAML = YAML(typ="safe", pure=True)
_NOT_COPIED = ("tests/", "results/", "data/raw/", "data/prepared/", "dvc.lock")


def main() -> None:
    """Run the workflow small, and say where its results are."""
    root = SCRATCH / "smoke"
    started = time.monotonic()
    try:
        load_params()
        shutil.rmtree(root, ignore_errors=True)
        copy_project(root)
    except (ParamsError, OSError) as problem:
        sys.exit(f"smoke: {problem}")
    except subprocess.CalledProcessError as problem:
        sys.exit(f"smoke: git: {problem.stderr.strip()}")
    except KeyboardInterrupt:
        sys.exit("smoke: interrupted")
    status = run_to_its_end(["dvc", "repro"], root)
    seconds = time.monotonic() - started
    place = root.relative_to(ROOT).as_posix()
    if status:
        sys.exit(f"smoke: ended early, after {seconds:.0f} s; what there is lies in {place}")
    print(f"smoke: everything ran in {seconds:.0f} s → {place}/results/report.html; its runs:")
    print(f"mlflow ui --host 127.0.0.1 --backend-store-uri sqlite:///{place}/mlflow.db")


def copy_project(root: Path) -> None:
    """Copy what git would commit, as it stands, into a repository of its own with few data.

    Args:
        root: a new folder.

    Raises:
        CalledProcessError: git refuses.
    """
    listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", root=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(_NOT_COPIED):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    with (root / "params.yaml").open("w", encoding="utf-8") as file:
        _YAML.dump(small_params(), file)
    _git("init", "--quiet", root=root)
    _git("add", "--all", root=root)
    own = ("user.name=Smoke", "user.email=smoke@example.com", "commit.gpgsign=false")
    settings = [part for setting in own for part in ("-c", setting)]
    _git(*settings, "commit", "--quiet", "--message", "A small copy", root=root)


def small_params() -> Any:
    """Return the project's parameters with little data, few variants and few epochs."""
    params = _YAML.load(PARAMS.read_text(encoding="utf-8"))
    figures, digits, imbalance = params["figures"], params["digits"], params["imbalance"]
    figures["networks"] = _some(figures["networks"], NETWORKS)
    used = {network["dataset"] for network in figures["networks"].values()}
    figures["datasets"] = {name: figures["datasets"][name] for name in used}
    for dataset in figures["datasets"].values():
        dataset["count"] = 60
    for network in figures["networks"].values():
        network |= {"epochs": 2, "seeds": 1}
    digits["source"] = "sklearn"
    digits["verifier"]["epochs"] = 2
    digits["autoencoders"] = _some(digits["autoencoders"], AUTOENCODERS)
    for autoencoder in digits["autoencoders"].values():
        autoencoder |= {"epochs": 2, "mixture_components": 5, "seeds": 1}
    digits["evaluation"] |= {
        "samples": 200,
        "mode_samples": 300,
        "sampling_seeds": 2,
        "likelihood_images": 5,
        "likelihood_samples": 50,
        "marginal_samples": 200,
    }
    imbalance |= {"source": "simulated", "resolution": 5, "split": _FRACTIONS}
    imbalance["simulation"]["days"] = 20
    imbalance["variants"] = _some(imbalance["variants"], FORECASTERS)
    if imbalance["reference"] not in imbalance["variants"]:
        imbalance["reference"] = next(iter(imbalance["variants"]))
    for variant in imbalance["variants"].values():
        if variant["kind"] == "lstm":
            variant |= {"hidden": 4, "windows": 200, "epochs": 2, "networks": 2, "seeds": 1}
    return params


def _some(variants: dict[str, Any], wanted: tuple[str, ...]) -> dict[str, Any]:
    """Take the wanted variants; all there are if they have other names by now."""
    return {name: variants[name] for name in wanted if name in variants} or variants


def environment() -> dict[str, str]:
    """Return this process's environment without its DVC, MLflow and Git, with this Python first.

    So the copy records in a store and commits to a repository of its own, even where a Git hook
    starts it; that the store fails is an error there.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DVC_", "MLFLOW_", "GIT_"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "TRACKING_REQUIRED": "1"}


def run_to_its_end(command: list[str], root: Path) -> int:
    """Run a command in a copy of the project; stopped by a signal, it ends in its own time.

    Returns:
        Its exit status.
    """
    process = subprocess.Popen(command, cwd=root, env=environment())
    # the terminal sends Ctrl-C to the whole group, hence to the command as well
    signal.signal(signal.SIGINT, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: process.send_signal(received))
    return process.wait()


def _git(*arguments: str, root: Path) -> str:
    root.mkdir(parents=True, exist_ok=True)
    command = ["git", *arguments]
    answer = subprocess.run(
        command, cwd=root, env=environment(), capture_output=True, text=True, check=True
    )
    return answer.stdout


if __name__ == "__main__":
    main()
