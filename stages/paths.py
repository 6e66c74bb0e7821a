"""Where every file and folder of the project lies."""

import os
from pathlib import Path

#: Root of the checkout that runs: the project, or the copy in which `dvc exp run --temp` works.
ROOT = Path(__file__).resolve().parents[1]

#: Root of the project that experiments are recorded in. DVC names it even inside a copy.
PROJECT = Path(os.environ.get("DVC_ROOT", ROOT)).resolve()

PARAMS = ROOT / "params.yaml"
SMOKE_PARAMS = ROOT / "params.smoke.yaml"
WORKFLOW = ROOT / "dvc.yaml"
LOCK = ROOT / "dvc.lock"
RESULTS = ROOT / "results"

#: The default tracking store; its artifacts lie beside it, in `mlruns/`.
DATABASE = PROJECT / "mlflow.db"

#: Checkpoints, timings and locks; ignored by git and DVC.
SCRATCH = ROOT / ".scratch"

#: Commit, parameters and times of each variant's last training; ignored by git and DVC.
PROVENANCE = PROJECT / ".provenance"


def relative(path: Path) -> str:
    """Return a path relative to the project's root, or the path itself if it lies elsewhere."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def figures_dataset(name: str) -> Path:
    """Return the file of a generated set of figures."""
    return ROOT / "data" / "raw" / "figures" / f"{name}.npz"


def digits_folder() -> Path:
    """Return the folder of the four IDX files of the digits."""
    return ROOT / "data" / "raw" / "digits"


def external_mnist() -> Path:
    """Return the folder in which a user may put MNIST's own files."""
    return ROOT / "data" / "external" / "mnist"


def imbalance_source() -> Path:
    """Return the file of the imbalance series in rows of five minutes."""
    return ROOT / "data" / "raw" / "imbalance" / "table.parquet"


def imbalance_series() -> Path:
    """Return the folder of the imbalance series at the forecasters' resolution, with its split."""
    return ROOT / "data" / "prepared" / "imbalance"


def external_imbalance() -> Path:
    """Return the folder in which a user may put a power grid's series as CSV files."""
    return ROOT / "data" / "external" / "imbalance"


def results(pipeline: str, variant: str) -> Path:
    """Return the folder of a variant's results."""
    return RESULTS / pipeline / variant


def leaderboard() -> Path:
    """Return the file that ranks the variants of every pipeline."""
    return RESULTS / "leaderboard.json"


def report_page() -> Path:
    """Return the HTML report."""
    return RESULTS / "report.html"
