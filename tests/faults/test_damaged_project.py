"""In a project with one byte changed, a stage says so in one line and `dvc repro` mends it."""

from pathlib import Path

import pytest

from tests.workflow.project import Project

DATA = "data/raw/figures/centred.npz"
RESULTS = "results/figures/demo_1"
TRAIN = ("python", "-m", "stages.figures.train", "demo_1")
EVALUATE = ("python", "-m", "stages.figures.evaluate", "demo_1")


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "command", "said"),
    [
        (DATA, TRAIN, f"figures-train@demo_1: {DATA}: centred.npz is no set of figures: "),
        (
            f"{RESULTS}/model/network.npz",
            EVALUATE,
            f"figures-evaluate@demo_1: {RESULTS}/model: ",
        ),
        (
            f"{RESULTS}/run.json",
            EVALUATE,
            f"figures-evaluate@demo_1: {RESULTS}: run.json ",
        ),
    ],
)
def test_a_stage_refuses_what_it_would_read_in_one_line(
    project: Project, file: str, command: tuple[str, ...], said: str
) -> None:
    change_a_byte(project.root / file)
    before = project.snapshot("data", "results")
    output = project.run(*command, succeeds=False)
    (line,) = output.splitlines()
    assert line.startswith(said)
    assert line.endswith("delete it and `dvc repro` makes it anew")
    assert project.snapshot("data", "results") == before


def test_a_model_without_checksums_is_refused_in_one_line(project: Project) -> None:
    (project.root / RESULTS / "model" / "SHA256SUMS").unlink()
    output = project.run(*EVALUATE, succeeds=False)
    assert output == (
        f"figures-evaluate@demo_1: {RESULTS}/model/SHA256SUMS is missing; `dvc repro` makes it\n"
    )


def test_repro_puts_back_whatever_has_changed(project: Project) -> None:
    before, lock = project.snapshot("data", "results"), project.lock()
    for file in (DATA, f"{RESULTS}/model/network.npz", f"{RESULTS}/history.csv"):
        change_a_byte(project.root / file)
    (project.root / RESULTS / "model" / "SHA256SUMS").unlink()
    assert project.snapshot("data", "results") != before
    project.run("dvc", "repro", "figures-evaluate@demo_1")
    assert project.snapshot("data", "results") == before
    assert project.lock() == lock
