"""The artifacts of a moved or copied project are read and written where the project is now."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import mlflow
import pytest

from stages.tracking.artifact_paths import follow_project
from stages.tracking.store import experiment_id

ELSEWHERE = {"bucket": "s3://bucket/mlruns/bucket", "disk": "file:///mnt/disk/artifacts/disk"}
FAILURE = """
CREATE TRIGGER full BEFORE UPDATE ON model_versions
BEGIN SELECT RAISE(ABORT, 'disk is full'); END
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run, its picture, its model and a version of it; it is copied, not used."""
    root = tmp_path_factory.mktemp("original")
    client = client_of(root)
    place = (root / "mlruns" / "figures").as_uri()
    experiment = client.create_experiment("figures", artifact_location=place)
    for name, address in ELSEWHERE.items():
        client.create_experiment(name, artifact_location=address)
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "a picture", "picture.txt")
    model = client.create_logged_model(experiment, "model", source_run_id=run.info.run_id)
    client.finalize_logged_model(model.model_id, "READY")
    client.create_registered_model("figures")
    client.create_model_version("figures", model.artifact_location)
    return root


@pytest.fixture(params=["moved", "moved, 100 % 'quoted'"])
def moved(original: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return shutil.copytree(original, tmp_path / request.param)


def client_of(root: Path) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(f"sqlite:///{root / 'mlflow.db'}")


def text_of(root: Path) -> str:
    with closing(sqlite3.connect(root / "mlflow.db")) as connection:
        return "\n".join(connection.iterdump())


def test_all_paths_within_the_project_follow_it_and_no_others(original: Path, moved: Path) -> None:
    before = text_of(original)
    assert f"{original}/mlruns" in text_of(moved)
    line = follow_project(moved / "mlflow.db")
    assert line == f"mlflow.db was made in {original}; its artifacts are now in {moved.name}/"
    assert str(original) not in text_of(moved)
    assert follow_project(moved / "mlflow.db") == ""
    client = client_of(moved)
    for name, address in ELSEWHERE.items():
        assert client.get_experiment_by_name(name).artifact_location == address
    experiment = client.get_experiment_by_name("figures").experiment_id
    (run,), (picture,) = client.search_runs([experiment]), (moved / "mlruns").rglob("picture.txt")
    picture.write_text("the same, moved")
    found = client.download_artifacts(run.info.run_id, "picture.txt")
    assert Path(found).read_text() == "the same, moved"
    client.log_text(client.create_run(experiment).info.run_id, "another", "picture.txt")
    assert len(list((moved / "mlruns").rglob("picture.txt"))) == 2
    assert text_of(original) == before


def test_either_all_paths_follow_or_none_does(moved: Path) -> None:
    with closing(sqlite3.connect(moved / "mlflow.db")) as connection, connection:
        connection.execute(FAILURE)
    before = text_of(moved)
    with pytest.raises(sqlite3.Error, match="disk is full"):
        follow_project(moved / "mlflow.db")
    assert text_of(moved) == before


def test_an_unmoved_an_empty_and_a_shared_store_stay_as_they_are(
    original: Path, tmp_path: Path
) -> None:
    before = text_of(original)
    (tmp_path / "empty.db").touch()
    (tmp_path / "mlflow.db").symlink_to(original / "mlflow.db")
    for database in (original / "mlflow.db", tmp_path / "empty.db", tmp_path / "mlflow.db"):
        assert follow_project(database) == ""
    assert text_of(original) == before


def test_the_default_store_follows_whenever_it_is_used(
    original: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(original, project, dirs_exist_ok=True)
    experiment = experiment_id("figures")
    assert capsys.readouterr().err.startswith("tracking: mlflow.db was made in ")
    location = client_of(project).get_experiment(experiment).artifact_location
    assert location == (project / "mlruns" / "figures").as_uri()
