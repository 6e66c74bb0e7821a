"""Results that may not be written end a stage with one line, and stay what they were."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.disks import told, where_permissions_bind
from tests.workflow.project import Project

TRAIN = ("python", "-m", "stages.figures.train", "demo_1")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for each in folders:
        each.chmod(0o555)
    try:
        yield
    finally:
        for each in folders:
            each.chmod(0o755)


def test_results_that_may_not_be_written_are_named_and_stay(project: Project) -> None:
    prefix = where_permissions_bind()
    before = project.snapshot("results")
    with read_only(project.root / "results"):
        output = project.run(*prefix, *TRAIN, succeeds=False)
    assert told(output) == [
        "figures-train@demo_1: results/figures/demo_1/repeats: Permission denied"
    ]
    assert project.snapshot("results") == before
    assert project.half_written() == []
    latest, *_ = project.runs("figures")
    assert latest.info.status == "FAILED"


def test_a_store_that_may_not_be_written_costs_one_warning_and_no_training(
    project: Project,
) -> None:
    prefix = where_permissions_bind()
    store = project.root / "store"
    store.mkdir()
    (project.root / "mlflow.db").rename(store / "mlflow.db")
    (store / "mlflow.db").chmod(0o444)
    project.environment |= {
        "TRACKING_REQUIRED": "0",
        "MLFLOW_TRACKING_URI": "sqlite:///store/mlflow.db",
    }
    before = project.snapshot("results")
    with read_only(store):
        output = project.run(*prefix, *TRAIN)
    warning, closing = output.splitlines()
    assert "store/mlflow.db failed (attempt to write a readonly database)" in warning
    assert closing.startswith("figures-train@demo_1: validation accuracy")
    assert project.snapshot("results") == before
