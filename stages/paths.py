"""Paths of all files and folders of the project."""

import os
from pathlib import Path

#: Root of the running checkout: the project, or the copy that `dvc exp run --temp` creates.
ROOT = Path(__file__).resolve().parents[1]

#: Root of the project. In a copy made by `dvc exp run --temp`, DVC_ROOT names the original.
PROJECT = Path(os.environ.get("DVC_ROOT", ROOT)).resolve()

PARAMS = ROOT / "params.yaml"
SMOKE_PARAMS = ROOT / "params.smoke.yaml"
WORKFLOW = ROOT / "dvc.yaml"
LOCK = ROOT / "dvc.lock"
RESULTS = ROOT / "results"

#: Default tracking store. Its artifacts are in `mlruns/` in the same folder.
DATABASE = PROJECT / "mlflow.db"

#: Folder of checkpoints, timings and locks, which neither git nor DVC tracks.
SCRATCH = ROOT / ".scratch"

#: Folder of provenance records (see `stages.outputs.provenance`), tracked by neither git nor DVC.
PROVENANCE = PROJECT / ".provenance"


def relative(path: Path) -> str:
    """Return a path relative to the root of the checkout. Paths elsewhere stay as they are."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def figures_dataset(name: str) -> Path:
    """Return the file of a generated data set of figures."""
    return ROOT / "data" / "raw" / "figures" / f"{name}.npz"


def digits_folder() -> Path:
    """Return the folder of the four IDX files of the digits."""
    return ROOT / "data" / "raw" / "digits"


def external_mnist() -> Path:
    """Return the folder for MNIST files that the user provides."""
    return ROOT / "data" / "external" / "mnist"


def imbalance_source() -> Path:
    """Return the file of the imbalance series at five-minute resolution."""
    return ROOT / "data" / "raw" / "imbalance" / "table.parquet"


def imbalance_series() -> Path:
    """Return the folder of the resampled imbalance series and its split."""
    return ROOT / "data" / "prepared" / "imbalance"


def external_imbalance() -> Path:
    """Return the folder for CSV files of a power grid that the user provides."""
    return ROOT / "data" / "external" / "imbalance"


def results(pipeline: str, variant: str) -> Path:
    """Return the folder of a variant's results."""
    return RESULTS / pipeline / variant


def leaderboard() -> Path:
    """Return the file with the ranking of each pipeline's variants."""
    return RESULTS / "leaderboard.json"


def report_file() -> Path:
    """Return the file of the HTML report."""
    return RESULTS / "report.html"
