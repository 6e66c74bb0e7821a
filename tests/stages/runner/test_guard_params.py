"""A stage fails if its parameters are edited while it runs."""

import json
from functools import reduce
from operator import getitem
from pathlib import Path

import pytest
from dvc.dependency import ParamsDependency
from dvc.repo import Repo
from ruamel.yaml import YAML

from stages.errors import ParamsError
from stages.paths import PARAMS, ROOT, WORKFLOW
from stages.runner.guard_params import guard_params

DVC = """
stages:
  train:
    foreach: ${models}
    do: {cmd: "train ${key}", params: [seed, "models.${key}"]}
  fetch: {cmd: fetch}
"""
TEXT = "seed: 1\nmodels: {a: {epochs: 1}, b: {epochs: 1}}\n"


def run(folder: Path, stage: str, edited: str | None) -> None:
    """Run a stage during which params.yaml is edited or deleted."""
    params, workflow = folder / "params.yaml", folder / "dvc.yaml"
    params.write_text(TEXT)
    workflow.write_text(DVC)
    with guard_params(stage, params, workflow):
        if edited is None:
            params.unlink()
            raise ZeroDivisionError
        params.write_text(edited)


@pytest.mark.parametrize(
    ("edited", "named"),
    [
        (TEXT.replace("a: {epochs: 1}", "a: {epochs: 2}"), "models.a"),
        (TEXT.replace("seed: 1", "seed: 2"), "seed"),
        (TEXT.replace("a: {epochs: 1}, ", ""), "models.a"),
        (TEXT.replace("models: ", "models: [] #"), "models.a"),
        ("", "seed, models.a"),
        ("seed: [", "seed, models.a"),
    ],
)
def test_an_edit_of_a_declared_parameter_is_refused_in_one_line(
    tmp_path: Path, edited: str, named: str
) -> None:
    with pytest.raises(ParamsError, match=rf"^params\.yaml: {named} changed while .+$"):
        run(tmp_path, "train@a", edited)


@pytest.mark.parametrize(
    ("stage", "edited"),
    [
        ("train@a", f"# a comment\n{TEXT}"),
        ("train@a", TEXT.replace("b: {epochs: 1}", "b: {epochs: 2}")),
        ("fetch", TEXT.replace("seed: 1", "seed: 2")),
        ("no stage of this file", TEXT.replace("seed: 1", "seed: 2")),
    ],
)
def test_other_edits_are_ignored(tmp_path: Path, stage: str, edited: str) -> None:
    run(tmp_path, stage, edited)


def test_an_error_of_the_stage_takes_precedence(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, "train@a", None)


def test_all_parameters_of_all_stages_are_guarded(tmp_path: Path) -> None:
    with Repo(str(ROOT)) as repo:
        declared = {  # one variant of each stage
            stage.addressing.partition("@")[0]: (stage.addressing, dep.params)
            for stage in repo.index.stages
            for dep in stage.deps
            if isinstance(dep, ParamsDependency)
        }
    assert "figures-train" in declared
    text, path = PARAMS.read_text(encoding="utf-8"), tmp_path / "params.yaml"
    for stage, keys in declared.values():
        document = YAML(typ="safe", pure=True).load(text)
        for key in keys:
            *sections, name = key.split(".")
            reduce(getitem, sections, document)[name] = "edited"
        path.write_text(text)
        with pytest.raises(ParamsError) as caught, guard_params(stage, path, WORKFLOW):
            path.write_text(json.dumps(document))
        named = str(caught.value).removeprefix("params.yaml: ").partition(" changed")[0]
        assert set(named.split(", ")) == set(keys)
