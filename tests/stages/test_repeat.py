"""What a run was made from is read from it, and a repetition that differs is told from an equal."""

import subprocess

import pytest
from mlflow.entities import Metric, Run, RunData, RunInfo, RunTag

from stages.layout import ROOT
from stages.repeat import Recipe, RepeatError, compare, recipe_of

HEAD = subprocess.run(
    ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.strip()
TAGS = {
    "git_commit": HEAD,
    "git_dirty": "false",
    "pipeline": "figures",
    "variant": "demo_1",
    "seed": "42",
    "fingerprint": "a" * 16,
}
METRICS = {"test/accuracy": 0.5, "test/loss": 1.25, "train/loss": 3.0}


def run(tags: dict[str, str] | None = None, metrics: dict[str, float] | None = None) -> Run:
    info = RunInfo("0" * 32, "1", "somebody", "FINISHED", 0, 1, "active")
    return Run(
        info,
        RunData(
            metrics=[Metric(name, value, 0, 0) for name, value in (metrics or METRICS).items()],
            tags=[RunTag(name, value) for name, value in (TAGS | (tags or {})).items()],
        ),
    )


@pytest.mark.parametrize(
    ("pipeline", "variant", "stage"),
    [
        ("figures", "demo_1", "figures-evaluate@demo_1"),
        ("imbalance", "ridge", "imbalance-evaluate@ridge"),
        ("digits", "vae", "digits-evaluate@vae"),
        ("digits", "verifier", "digits-verifier"),
    ],
)
def test_a_run_tells_its_commit_and_its_stage(pipeline: str, variant: str, stage: str) -> None:
    found = recipe_of(run({"pipeline": pipeline, "variant": variant}))
    assert found == Recipe(HEAD, dirty=False, stage=stage)
    assert recipe_of(run({"git_dirty": "true"})).dirty


@pytest.mark.parametrize("tag", ["git_commit", "pipeline", "variant", "seed", "fingerprint"])
def test_a_run_that_does_not_tell_is_refused_in_one_line(tag: str) -> None:
    silent = run()
    del silent.data.tags[tag]
    with pytest.raises(RepeatError, match=rf"^it has no tag {tag}; .+$"):
        recipe_of(silent)


@pytest.mark.parametrize(
    ("commit", "said"),
    [
        ("0" * 40, "its commit 000000000 is not in this repository"),
        ("--output=here", "'--output=here', which is no commit"),
        ("HEAD", "'HEAD', which is no commit"),
    ],
)
def test_a_commit_that_is_not_there_is_named(commit: str, said: str) -> None:
    with pytest.raises(RepeatError, match=said):
        recipe_of(run({"git_commit": commit}))


def test_equal_is_what_measured_the_same_however_the_training_went_on() -> None:
    assert compare(run(), run(metrics=METRICS | {"train/loss": 4.0})) == ""
    others = {"test/p_value_against_ridge": 0.2}
    assert compare(run(metrics=METRICS | others), run()) == ""


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (run(metrics=METRICS | {"test/loss": 1.5}), "1 of 2 metrics differ: test/loss 1.25 → 1.5"),
        (run(metrics={"test/loss": 1.25}), "1 of 2 metrics differ: test/accuracy 0.5 → None"),
        (run(metrics=METRICS | {"headline/x": 1.0}), "1 of 3 metrics differ: headline/x None → 1"),
        (run({"fingerprint": "b" * 16}), "parameters or data are others"),
    ],
)
def test_whatever_differs_is_named(second: Run, said: str) -> None:
    assert compare(run(), second).startswith(said)


def test_of_many_differences_a_few_are_shown() -> None:
    many = {f"test/{number}": float(number) for number in range(50)}
    said = compare(run(metrics=many), run(metrics={name: -1.0 for name in many}))
    assert said.startswith("50 of 50 metrics differ: ")
    assert said.count("→") == 5
