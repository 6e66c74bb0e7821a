"""Where everything lies, from the project's root."""

import os
from pathlib import Path

#: Root of the checkout that runs: the project, or the copy in which `dvc exp run --temp` works.
ROOT = Path(__file__).resolve().parents[1]

#: Root of the project that experiments are recorded in. DVC names it even inside a copy.
PROJECT = Path(os.environ.get("DVC_ROOT", ROOT)).resolve()

PARAMS = ROOT / "params.yaml"

#: What runs in which order, and what came out when it last ran.
WORKFLOW = ROOT / "dvc.yaml"
LOCK = ROOT / "dvc.lock"

RESULTS = ROOT / "results"

#: The default tracking store; its artifacts lie beside it, in `mlruns/`.
DATABASE = PROJECT / "mlflow.db"

#: Checkpoints of trainings in progress; no output, known to neither git nor DVC.
SCRATCH = ROOT / ".scratch"

#: What is kept of runs that the tracking store did not take.
UNSENT = PROJECT / ".unsent"


def figures_dataset(name: str) -> Path:
    """File of a generated set of figures."""
    return ROOT / "data" / "raw" / "figures" / f"{name}.npz"


def digits_folder() -> Path:
    """Folder of the four IDX files of the digits."""
    return ROOT / "data" / "raw" / "digits"


def external_mnist() -> Path:
    """Folder in which a user may put MNIST's own files."""
    return ROOT / "data" / "external" / "mnist"


def imbalance_source() -> Path:
    """File of the imbalance's series as it came, in rows of five minutes."""
    return ROOT / "data" / "raw" / "imbalance" / "table.parquet"


def imbalance_series() -> Path:
    """Folder of the series as the forecasters take it, with where its parts begin."""
    return ROOT / "data" / "prepared" / "imbalance"


def external_imbalance() -> Path:
    """Folder in which a user may put a power grid's series as CSV files."""
    return ROOT / "data" / "external" / "imbalance"


def results(pipeline: str, variant: str) -> Path:
    """Folder of everything known about a trained variant."""
    return RESULTS / pipeline / variant


def comparison(pipeline: str) -> Path:
    """Folder of what compares the variants of a pipeline with each other.

    It lies outside their results, on all of which it depends.
    """
    return RESULTS / "comparison" / pipeline


def timing(stage: str) -> Path:
    """File that tells how long a stage took when it last ran here."""
    return SCRATCH / "timings" / f"{stage}.json"


def report_page() -> Path:
    """The page over everything that was run."""
    return RESULTS / "report.html"
