"""What a store missed of the results is sent to it later, once and only once."""

import functools
import random
import shutil
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from stages import layout
from stages.command import StageError
from stages.publish import Pipeline, publish
from stages.run import TrackingError
from stages.tracking import new_run
from tests.stages.small_project import Store, evaluate, tell_evaluation, tell_training, train


@pytest.fixture
def store(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose calls are counted, beside a project with no results yet."""
    shutil.copy(empty_database, tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("TRACKING_REQUIRED", "0")
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "code.py").touch()
    for module in ("layout", "command", "logged_model"):
        monkeypatch.setattr(f"stages.{module}.ROOT", tmp_path)
    monkeypatch.setattr("stages.layout.RESULTS", tmp_path / "results")
    monkeypatch.setattr("stages.publish.SCRATCH", tmp_path / ".scratch")
    monkeypatch.setattr("stages.publish.register_champions", lambda _: [])
    monkeypatch.setattr("stages.unsent.UNSENT", tmp_path / ".unsent")
    figures = Pipeline(tell_training, tell_evaluation)
    monkeypatch.setattr("stages.publish.PIPELINES", {"figures": figures})
    store = Store(tmp_path)
    within = threading.local()

    def watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if getattr(within, "call", False):  # the store's own
                return method(*args, **kwargs)
            within.call = True
            try:
                return store.call(name, functools.partial(method, *args, **kwargs))
            finally:
                within.call = False

        return call

    for kind, start in ((SqlAlchemyStore, ""), (LocalArtifactRepository, "log_")):
        for name, method in list(vars(kind).items()):
            if callable(method) and name.startswith(start) and not name.startswith("_"):
                monkeypatch.setattr(kind, name, watched(name, method))
    return store


def undisturbed(store: Store) -> tuple[dict[str, Any], int]:
    """Return what a store tells that never failed, and how many calls that takes; empty it."""
    store.calls = 0
    train()
    evaluate()
    told, calls = store.told(), store.calls
    start_anew(store)
    return told, calls


def start_anew(store: Store) -> None:
    experiment = mlflow.get_experiment_by_name("figures")
    client = mlflow.MlflowClient()
    client.rename_experiment(experiment.experiment_id, f"former {uuid.uuid4().hex}")
    shutil.rmtree(store.root / "mlruns")


def published() -> str:
    with pytest.MonkeyPatch.context() as required:
        required.setenv("TRACKING_REQUIRED", "1")
        return publish(SimpleNamespace(variants={"figures": {"demo_1": None}}))


def test_a_whole_run_tells_all_that_lies_under_results(store: Store) -> None:
    train()
    evaluate()
    (run,) = store.told().values()
    assert run["status"] == "FINISHED"
    assert run["params"] == {"layers": "20, 10"}
    assert run["curves"] == {
        "train/loss": [(1, 7.0), (2, 3.5), (3, 7 / 3)],
        "best/epoch": [(0, 3.0)],
        "best/train/loss": [(0, 7 / 3)],
        "test/accuracy": [(0, 0.5)],
        "test/recall/cross": [(0, 1.0)],
        "headline/accuracy": [(0, 0.5)],
        "seeds/count": [(0, 2.0)],
        "seeds/mean/accuracy": [(0, 0.6)],
        "seeds/deviation/accuracy": [(0, pytest.approx(0.02**0.5))],
    }
    assert run["attached"] == ["READY"]
    (model,) = run["models"]
    assert {"artifacts/MLmodel", "artifacts/artifacts/model/weights.json"} <= model
    assert {"artifacts/params.yaml", "artifacts/scores.json", "artifacts/plots/losses.png"} <= (
        run["files"].keys()
    )
    assert [data["name"] for data in run["data"]] == ["centred"]
    repeats = run["repeats"]
    assert set(repeats) == {"demo_1, seed 7", "demo_1, seed 8"}
    second = repeats["demo_1, seed 8"]
    assert second["tags"]["seed"] == "8"
    assert second["curves"]["train/loss"] == [(1, 8.0), (2, 4.0), (3, 8 / 3)]
    assert second["curves"]["headline/accuracy"] == [(0, 0.7)]
    assert published() == "sent nothing; the store has 1 whole runs else"


def test_a_store_that_was_away_is_told_later_once_and_only_once(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, _ = undisturbed(store)
    with store.failing():
        train()
        evaluate()
    assert capsys.readouterr().err.count("`make publish` sends the results later") == 2
    assert published().startswith("sent figures/demo_1;")
    assert store.told() == whole
    store.writes.clear()
    assert published().startswith("sent nothing;")
    assert store.writes == []
    assert not list((store.root / ".unsent").iterdir())


@pytest.mark.parametrize("answer_is_lost", [False, True])
def test_whenever_a_store_fails_publish_completes_just_what_is_missing(
    store: Store, answer_is_lost: bool
) -> None:
    whole, calls = undisturbed(store)
    for at in random.Random(int(answer_is_lost)).sample(range(1, calls + 1), 6):
        with store.failing(at, answer_is_lost=answer_is_lost):
            train()
            evaluate()
        published()
        assert store.told() == whole, f"failed at call {at}"
        assert published().startswith("sent nothing;")
        start_anew(store)


def test_a_publish_that_fails_says_so_and_can_be_repeated_until_all_is_sent(store: Store) -> None:
    whole, _ = undisturbed(store)
    with store.failing():
        train()
        evaluate()
    for at in (1, 12, 25):
        with store.failing(at, answer_is_lost=at % 2 == 1), pytest.raises(TrackingError) as caught:
            published()
        assert "\n" not in str(caught.value)
    published()
    assert store.told() == whole


def test_an_evaluation_completes_the_training_that_the_store_has_missed(store: Store) -> None:
    whole, _ = undisturbed(store)
    with store.failing(6):
        train()
    evaluate()
    assert store.told() == whole
    assert published().startswith("sent nothing;")


def test_results_without_a_store_give_restored_runs(store: Store) -> None:
    whole, _ = undisturbed(store)
    assert published().startswith("sent figures/demo_1;")
    told = store.told()
    assert told == whole
    experiment = mlflow.get_experiment_by_name("figures")
    (run,) = mlflow.MlflowClient().search_runs(
        [experiment.experiment_id], "tags.restored_from = 'abc'"
    )
    assert run.info.run_name == "demo_1"
    assert published().startswith("sent nothing;")


def test_what_is_published_keeps_the_commit_and_the_parameters_of_its_training(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = store.root / "params.yaml"
    params.write_text("seed: 1\n")
    monkeypatch.setattr("stages.tracking.PARAMS", params)
    monkeypatch.setattr("stages.tracking.commit_tags", lambda: {"git_commit": "then"})
    with store.failing():
        train()
        params.write_text("seed: 2\n")
        monkeypatch.setattr("stages.tracking.commit_tags", lambda: {"git_commit": "now"})
        evaluate()
    published()
    (run,) = store.told().values()
    assert run["tags"]["git_commit"] == "then"
    (file,) = (store.root / "mlruns").rglob("params.yaml")
    assert file.read_text() == "seed: 1\n"
    assert {repeat["tags"]["git_commit"] for repeat in run["repeats"].values()} == {"then"}


def test_results_that_changed_are_told_to_the_same_run(store: Store) -> None:
    train()
    evaluate()
    with store.failing():
        evaluate(accuracy=0.75)
    assert published().startswith("sent figures/demo_1;")
    (run,) = store.told().values()
    assert run["curves"]["test/accuracy"] == [(0, 0.5), (0, 0.75)]
    assert run["curves"]["train/loss"] == [(1, 7.0), (2, 3.5), (3, 7 / 3)]


def test_a_killed_training_is_not_taken_for_the_one_that_ended_well(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), new_run("figures", "demo_1", 7, "abc") as run:
        run.log_epoch(1, {"train/loss": 70.0})
        raise KeyboardInterrupt
    start_anew(store)
    with store.failing():
        train()
        evaluate()
    published()
    (told,) = store.told().values()
    assert told["curves"]["train/loss"] == [(1, 7.0), (2, 3.5), (3, 7 / 3)]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scores.json", "scores.json holds no mapping"),
        ("metrics.json", "metrics.json holds no mapping"),
        ("run.json", "run.json tells of no training"),
        ("history.csv", "history.csv is not the one"),
        ("repeats/8/run.json", "run.json tells of no training"),
        ("repeats/seeds.json", "lists no seeds"),
    ],
)
def test_damaged_results_are_refused_before_anything_is_sent(
    store: Store, name: str, said: str
) -> None:
    with store.failing():
        train()
        evaluate()
    (layout.results("figures", "demo_1") / name).write_text("")
    store.calls = 0
    with pytest.raises(StageError, match=f"results/figures/demo_1: .*{said}"):
        published()
    assert store.calls == 0


def test_without_results_there_is_nothing_to_publish(store: Store) -> None:
    with pytest.raises(StageError, match="there are no results"):
        published()
