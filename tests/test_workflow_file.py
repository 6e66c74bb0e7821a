"""dvc.yaml declares what decides the outputs of each stage, and nothing else."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from stages.paths import ROOT

#: Modules of `stages` that decide no output: they check, log, write or print what others compute.
UNDECISIVE = re.compile(
    r"pipelines\.progress"
    r"|stages\.(params|tracking|report|errors|paths)(\..*)?"
    r"|stages\.outputs\.(atomic|plots|provenance|ranking|signals|timings)"
    r"|stages\.runner\.(checkpoints|command|guard_params|log|pipeline)"
    r"|stages\.[a-z]+\.(pipeline|serving|verifier_serving)"
)


def stages() -> dict[str, Any]:
    declared = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
    return {name: stage.get("do", stage) for name, stage in declared.items()}


def decisive_files(module: str) -> set[str]:
    """Return the files that a stage's module imports, directly or not, and that decide outputs."""
    graph = grimp.build_graph("pipelines", "stages")
    for each in [each for each in graph.modules if UNDECISIVE.fullmatch(each)]:
        graph.remove_module(each)
    modules = graph.find_upstream_modules(module)
    if "stages.runner.evaluate_variant" in modules:  # it summarizes by the pipeline's metrics
        modules |= {f"{module.rpartition('.')[0]}.metrics"}
    files = {f"{each.replace('.', '/')}.py" for each in modules}
    return {f"{module.replace('.', '/')}.py", *(file for file in files if (ROOT / file).exists())}


def covers(dependency: str, file: str) -> bool:
    return file == dependency or file.startswith(f"{dependency}/")


def code_dependencies(stage: dict[str, Any]) -> list[str]:
    return [dep for dep in stage["deps"] if dep.startswith(("pipelines/", "stages/"))]


COMPUTING = [name for name in stages() if name != "report"]


@pytest.mark.parametrize("name", COMPUTING)
def test_a_stage_declares_exactly_the_code_that_decides_its_outputs(name: str) -> None:
    stage = stages()[name]
    files, declared = decisive_files(stage["cmd"].split()[2]), code_dependencies(stage)
    missing = {file for file in files if not any(covers(dep, file) for dep in declared)}
    superfluous = {dep for dep in declared if not any(covers(dep, file) for file in files)}
    assert not missing, f"{name} imports, but does not declare"
    assert not superfluous, f"{name} declares, but does not import"
    assert all((ROOT / dep).exists() for dep in declared)


def test_a_missing_and_a_superfluous_dependency_are_found() -> None:
    files = decisive_files("stages.figures.train")
    assert "pipelines/figures/network/layers.py" in files
    assert "stages/outputs/training.py" in files
    assert not any(covers("pipelines/figures/plots", file) for file in files)
    assert not any(covers("stages/tracking", file) for file in files)


def parameters_read(module: str) -> Iterator[str]:
    """Yield the dotted parameters that a stage's module reads from `params`."""
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text()
    chains = [ast.unparse(node) for node in ast.walk(ast.parse(source)) if is_chain(node)]
    for chain in chains:
        if not any(other.startswith(f"{chain}.") for other in chains):
            yield chain.removeprefix("params.")


def is_chain(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node).startswith("params.")


@pytest.mark.parametrize("name", COMPUTING)
def test_a_stage_declares_every_parameter_that_it_reads(name: str) -> None:
    stage = stages()[name]
    declared = [key.partition(".$")[0] for key in stage.get("params", [])]
    models = re.compile(r"figures\.datasets|\w+\.models")
    for read in parameters_read(stage["cmd"].split()[2]):
        read = re.sub(r"\[.*|\.(model_dump|as_settings)$", "", read)
        if read in ("device", "imbalance") or (models.fullmatch(read) and read in declared):
            continue  # the device decides no output; a section is read by what it holds
        assert any(covers(key.replace(".", "/"), read.replace(".", "/")) for key in declared), read


def test_every_training_and_evaluation_can_be_restored_from_the_cache() -> None:
    """DVC restores no stage that has an output without cache, unless it is a metric or a plot."""
    for name in stages().keys() - {"report"}:
        assert all(isinstance(output, str) for output in stages()[name].get("outs", [])), name


def test_git_tracks_nothing_that_the_cache_keeps() -> None:
    """DVC refuses to run a stage of which git tracks an output that the cache keeps."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with Repo(str(ROOT)) as repo:
        kept = {Path(out.fs_path).relative_to(ROOT) for out in repo.index.outs if out.use_cache}
    tracked = [Path(name) for name in listed.stdout.splitlines()]
    assert kept
    assert not [file for file in tracked if kept & {file, *file.parents}]
