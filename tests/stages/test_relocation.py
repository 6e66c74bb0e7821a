"""The store of a project that was moved or copied keeps its artifacts where the project is now."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import mlflow
import pytest

from stages.relocation import follow_project

ELSEWHERE = {"bucket": "s3://bucket/mlruns/bucket", "disk": "file:///mnt/disk/artifacts/disk"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run, its picture, its model, and a version of it. Copy it, don't use it."""
    root = tmp_path_factory.mktemp("made")
    client = client_of(root)
    place = (root / "mlruns" / "figures").as_uri()
    experiment = client.create_experiment("figures", artifact_location=place)
    for name, address in ELSEWHERE.items():
        client.create_experiment(name, artifact_location=address)
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "a picture", "plots/picture.txt")
    model = client.create_logged_model(experiment, "model", source_run_id=run.info.run_id)
    client.finalize_logged_model(model.model_id, "READY")
    client.create_registered_model("champion")
    client.create_model_version("champion", model.artifact_location)
    client.set_terminated(run.info.run_id)
    return root


@pytest.fixture(params=["project", "a project, 100 % 'moved'"])
def moved(made: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return shutil.copytree(made, tmp_path / request.param)


def client_of(root: Path) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(f"sqlite:///{root / 'mlflow.db'}")


def text_of(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def snapshot(root: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_artifacts_are_found_and_written_where_the_project_is_now(made: Path, moved: Path) -> None:
    before = snapshot(made)
    assert follow_project(moved / "mlflow.db") == (
        f"mlflow.db was made in {made}; its artifacts are now looked for, and written, here"
    )
    client = client_of(moved)
    experiment = client.get_experiment_by_name("figures").experiment_id
    (run,) = client.search_runs([experiment])
    (picture,) = (moved / "mlruns").rglob("picture.txt")
    picture.write_text("the same, moved")
    found = client.download_artifacts(run.info.run_id, "plots/picture.txt")
    assert Path(found).read_text() == "the same, moved"
    new = client.create_run(experiment)
    client.log_text(new.info.run_id, "another", "picture.txt")
    assert len(list((moved / "mlruns").rglob("*.txt"))) == 2
    assert snapshot(made) == before


def test_no_path_leads_to_the_former_folder_any_more(made: Path, moved: Path) -> None:
    assert any(f"{made}/mlruns" in line for line in text_of(moved / "mlflow.db"))
    follow_project(moved / "mlflow.db")
    assert not any(str(made) in line for line in text_of(moved / "mlflow.db"))
    assert follow_project(moved / "mlflow.db") == ""


def test_artifacts_that_never_lay_in_the_project_stay_where_they_are(moved: Path) -> None:
    follow_project(moved / "mlflow.db")
    for name, address in ELSEWHERE.items():
        assert client_of(moved).get_experiment_by_name(name).artifact_location == address


def test_without_its_artifacts_it_is_said_once_what_is_lost(moved: Path) -> None:
    shutil.rmtree(moved / "mlruns")
    assert "pictures and models of 1 earlier run are lost" in follow_project(moved / "mlflow.db")
    assert follow_project(moved / "mlflow.db") == ""


def test_a_store_where_it_was_made_or_none_at_all_is_left_alone(made: Path, tmp_path: Path) -> None:
    before = snapshot(made)
    assert follow_project(made / "mlflow.db") == ""
    assert snapshot(made) == before
    assert follow_project(tmp_path / "mlflow.db") == ""
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mlflow.db").touch()
    assert follow_project(tmp_path / "mlflow.db") == ""
    (tmp_path / "mlflow.db").unlink()
    (tmp_path / "mlflow.db").symlink_to(made / "mlflow.db")
    assert follow_project(tmp_path / "mlflow.db") == ""
    assert snapshot(made) == before


def test_either_all_paths_follow_or_none_does(moved: Path) -> None:
    database = moved / "mlflow.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON model_versions "
            "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    before = text_of(database)
    with pytest.raises(OSError, match=r"mlflow\.db: disk is full"):
        follow_project(database)
    assert text_of(database) == before
