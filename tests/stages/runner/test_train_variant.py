"""A variant is trained with each of its seeds, and its results are replaced as a whole."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipelines.seeds import derive_seed
from stages import paths
from stages.errors import StageError
from stages.outputs.provenance import read_provenance
from stages.outputs.training import read_history, read_training, training_folders
from stages.runner.checkpoints import checkpoint_folder
from tests.stages import example

pytestmark = pytest.mark.usefixtures("project")


def test_each_seed_has_a_model_a_history_and_a_run_json() -> None:
    assert example.train(seeds=[7, 11]) == "learnt 2 → results/figures/small/model"
    folders = training_folders(example.folder())
    assert list(folders) == [7, 11]
    for seed, folder in folders.items():
        derived = derive_seed(seed, "figures-train")
        assert json.loads((folder / "model" / "weights.json").read_text()) == [derived]
        history = example.losses(derived).set_index("epoch")
        pd.testing.assert_frame_equal(read_history(folder), history)
        training = read_training(folder)
        assert training.seed == seed
        assert training.parameters == {"width": 2, "dataset": "zeros"}
        assert training.data.path == "data.bin"
        assert training.metrics["best/epoch"] == 3.0


def test_a_fingerprint_identifies_the_parameters_the_seeds_and_the_data() -> None:
    def key(variant: str = "small", **options: object) -> str:
        example.train(variant, **options)
        return read_training(example.folder(variant)).fingerprint

    first = key()
    assert key("renamed") == first
    assert len({first, key(width=3), key(seeds=2), key(seeds=[8])}) == 4
    alone = key(seeds=[8])
    example.train(seeds=[7, 8])
    assert read_training(example.folder() / "seeds" / "8").fingerprint == alone
    (paths.ROOT / "data.bin").write_bytes(b"other")
    assert key() != first


def test_variants_start_from_the_same_random_numbers(project: Path) -> None:
    seen: dict[str, list[int]] = {"small": [], "wide": []}
    for variant, drawn in seen.items():
        width = len(variant)
        example.train(variant, [7, 8], width, lambda seed, _, drawn=drawn: drawn.append(seed))
    assert seen["small"] == seen["wide"] == [derive_seed(seed, "figures-train") for seed in (7, 8)]


def test_a_failed_training_run_keeps_former_results_and_its_checkpoints() -> None:
    example.train(width=2)
    before = {path: path.read_bytes() for path in example.folder().rglob("*") if path.is_file()}
    left = []

    def fail_at_the_second_seed(_seed: int, checkpoints: Path) -> None:
        if left:
            raise ValueError("the loss is\nnot finite")
        checkpoints.mkdir(parents=True)
        (checkpoints / "last.ckpt").touch()
        left.append(checkpoints / "last.ckpt")

    with pytest.raises(StageError, match=r"^the loss is not finite$"):
        example.train(width=3, seeds=2, during=fail_at_the_second_seed)
    after = {path: path.read_bytes() for path in example.folder().rglob("*") if path.is_file()}
    assert after == before
    assert left[0].exists()
    seen = []
    example.train(width=3, seeds=2, during=lambda _, checkpoints: seen.append(checkpoints))
    assert seen[0] == left[0].parent
    assert not left[0].parent.parent.exists()


def test_checkpoints_of_other_parameters_code_data_or_devices_are_ignored(
    project: Path,
) -> None:
    first = checkpoint_folder("train-small", "key", "cpu")
    assert first == checkpoint_folder("train-small", "key", "cpu")
    assert first.parent == project / ".scratch" / "checkpoints"
    others = {
        checkpoint_folder("train-small", *rest) for rest in (("other", "cpu"), ("key", "cuda"))
    }
    (project / "pipelines" / "network.py").touch()
    assert len({first, *others, checkpoint_folder("train-small", "key", "cpu")}) == 4


def test_commit_parameters_and_times_are_those_at_the_start(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = iter(["then", "now"])
    tags = lambda: {"git_commit": next(commits)}  # noqa: E731
    monkeypatch.setattr("stages.runner.train_variant.commit_tags", tags)
    example.train(during=lambda *_: (project / "params.yaml").write_text("seed: 8\n"))
    key = read_training(example.folder()).fingerprint
    origin = read_provenance("figures", "small", key)
    assert (origin.tags, origin.params) == ({"git_commit": "then"}, "seed: 7\n")
    assert origin.started < origin.ended
