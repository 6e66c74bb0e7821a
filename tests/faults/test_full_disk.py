"""A disk that is full ends a stage with one line, and costs nothing that was there before."""

import pytest

from tests.faults.disks import on_a_full_disk, told, with_small_files
from tests.workflow.project import Project

TRAIN = ("python", "-m", "stages.figures.train", "demo_1")


@pytest.fixture
def larger(project: Project) -> Project:
    """The project with a network of 5 MB where one of 75 KB was trained."""
    layers = [{"width": 1500, "activation": "relu"}]
    project.write_params(project.params_with("demo_1", layers=layers))
    return project


def last_status(project: Project) -> str:
    latest, *_ = project.runs("figures")  # the last one first
    return latest.info.status


def test_a_model_for_which_the_disk_is_too_full_costs_none_of_the_results(larger: Project) -> None:
    before = larger.snapshot("results")
    folder = larger.root / "results" / "figures" / "demo_1"
    output = on_a_full_disk(larger, folder, 2_000_000, *TRAIN)
    assert told(output) == [
        "figures-train@demo_1: results/figures/demo_1/model: No space left on device"
    ]
    assert larger.snapshot("results") == before
    assert larger.half_written() == []
    assert last_status(larger) == "FAILED"


def test_a_model_that_may_not_grow_so_large_costs_none_of_the_results(larger: Project) -> None:
    before = larger.snapshot("results")
    output = with_small_files(larger, 4_000_000, *TRAIN)
    assert told(output) == ["figures-train@demo_1: results/figures/demo_1/model: File too large"]
    assert larger.snapshot("results") == before
    assert larger.half_written() == []
    assert last_status(larger) == "FAILED"


@pytest.mark.parametrize(
    ("stage", "most", "output"),
    [
        ("digits.fetch", 500_000, "data/raw/digits"),
        ("imbalance.prepare", 50_000, "data/prepared/imbalance"),
    ],
)
def test_data_that_may_not_grow_so_large_cost_none_that_were_there(
    project: Project, stage: str, most: int, output: str
) -> None:
    before = project.snapshot("data", "results")
    printed = with_small_files(project, most, "python", "-m", f"stages.{stage}")
    assert printed == f"{stage.replace('.', '-')}: {output}: File too large\n"
    assert project.snapshot("data", "results") == before
    assert project.half_written() == []


def test_a_full_disk_under_the_store_costs_one_warning_and_no_training(project: Project) -> None:
    store = project.root / "store"
    store.mkdir()
    (project.root / "mlflow.db").rename(store / "mlflow.db")
    before = project.snapshot("results")
    project.environment |= {
        "TRACKING_REQUIRED": "0",
        "MLFLOW_TRACKING_URI": "sqlite:///store/mlflow.db",
    }
    output = on_a_full_disk(project, store, 0, *TRAIN, succeeds=True)
    warning, closing = output.splitlines()
    assert "store/mlflow.db failed (database or disk is full)" in warning
    assert warning.endswith("going on without it, `make publish` sends the results later")
    assert closing.startswith("figures-train@demo_1: validation accuracy")
    assert project.snapshot("results") == before


def test_a_store_for_which_there_is_no_place_costs_one_warning(project: Project) -> None:
    store = project.root / "store"
    store.mkdir()
    project.environment |= {
        "TRACKING_REQUIRED": "0",
        "MLFLOW_TRACKING_URI": "sqlite:///store/mlflow.db",
    }
    output = on_a_full_disk(project, store, 100_000, *TRAIN, succeeds=True)
    warning, closing = output.splitlines()
    assert "store/mlflow.db failed (" in warning
    assert closing.startswith("figures-train@demo_1: validation accuracy")
    assert [path.name for path in store.iterdir()] in ([], ["mlflow.db.lock"])
