"""An edit of params.yaml in the midst of a stage never passes for what the stage was run with."""

from pathlib import Path

import pytest

from stages.params import ParamsError
from stages.steady_params import steady_params

WORKFLOW = """
stages:
  train:
    foreach: ${networks}
    do:
      cmd: train ${key}
      params:
        - seed
        - networks.${key}
  fetch:
    cmd: fetch
"""
PARAMS = "seed: 1\nnetworks: {a: {epochs: 1}, b: {epochs: 1}}\n"


@pytest.fixture
def params(tmp_path: Path) -> Path:
    (tmp_path / "dvc.yaml").write_text(WORKFLOW)
    (tmp_path / "params.yaml").write_text(PARAMS)
    return tmp_path / "params.yaml"


@pytest.mark.parametrize(
    ("edited", "named"),
    [
        (PARAMS.replace("a: {epochs: 1}", "a: {epochs: 2}"), "networks.a"),
        (PARAMS.replace("seed: 1", "seed: 2"), "seed"),
        (PARAMS.replace("a: {epochs: 1}, ", ""), "networks.a"),
        (PARAMS.replace("networks: ", "networks: [] #"), "networks.a"),
        ("", "seed, networks.a"),
        ("seed: [", "seed, networks.a"),
    ],
)
def test_an_edit_of_what_the_stage_declares_is_refused_in_one_line(
    params: Path, edited: str, named: str
) -> None:
    with (
        pytest.raises(ParamsError, match=rf"^params\.yaml: {named} changed while .+$"),
        steady_params("train@a", params, params.with_name("dvc.yaml")),
    ):
        params.write_text(edited)


@pytest.mark.parametrize(
    ("stage", "edited"),
    [
        ("train@a", PARAMS),
        ("train@a", f"# a comment\n{PARAMS}"),
        ("train@a", PARAMS.replace("b: {epochs: 1}", "b: {epochs: 2}")),
        ("fetch", PARAMS.replace("seed: 1", "seed: 2")),
    ],
)
def test_an_edit_of_anything_else_does_no_harm(params: Path, stage: str, edited: str) -> None:
    with steady_params(stage, params, params.with_name("dvc.yaml")):
        params.write_text(edited)


def test_what_the_stage_itself_complains_of_is_said_first(params: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        steady_params("train@a", params, params.with_name("dvc.yaml")),
    ):
        params.unlink()
        _ = 1 / 0
