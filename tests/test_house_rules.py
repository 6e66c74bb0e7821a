"""The rules of the house are kept, and the contracts that keep them do catch who breaks them."""

import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from stages.layout import ROOT

LINTER = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_project_keeps_the_rules_of_the_house() -> None:
    kept = lint(ROOT)
    assert kept.returncode == 0, kept.stdout


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        ("pipelines/figures/drawing.py", "import mlflow", "no dvc, no mlflow, no stages"),
        ("pipelines/pictures.py", "import stages.layout", "no dvc, no mlflow, no stages"),
        ("pipelines/digits/mnist.py", "import pipelines.figures", "no pipeline imports another"),
        ("pipelines/figures/network/layers.py", "import torch", "no machine-learning library"),
        ("stages/figures/train.py", "import scipy", "stages hold no mathematics"),
    ],
)
def test_an_import_across_a_wall_is_caught(
    tmp_path: Path, module: str, line: str, rule: str
) -> None:
    for name in ("pipelines", "stages", "pyproject.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{line}\n")
    broken = lint(tmp_path)
    assert broken.returncode != 0
    assert f"{rule} BROKEN" in " ".join(broken.stdout.split())


def test_every_stage_declares_the_modules_that_decide_its_result() -> None:
    """A module that a stage imports, but does not declare, could change without a rerun."""
    stages = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
    graph = grimp.build_graph("pipelines", "stages")
    for module in [module for module in graph.modules if module.endswith(".record")]:
        graph.remove_module(module)  # what a run tells of results decides none
    for name, stage in stages.items():
        stage = stage.get("do", stage)
        if stage.get("always_changed"):
            continue
        module = stage["cmd"].split()[2]
        needed = {f"{module.replace('.', '/')}.py"}
        for imported in graph.find_upstream_modules(module):
            file = f"{imported.replace('.', '/')}.py"
            decisive = imported.startswith("pipelines.") or imported == "stages.seed"
            decisive &= imported != "pipelines.progress"  # it shows, and decides nothing
            if decisive and (ROOT / file).exists():  # or else it is a package
                needed.add(file)
        declared = [dep for dep in stage["deps"] if dep.startswith(("pipelines/", "stages/"))]
        missing = {
            file
            for file in needed
            if not any(file == dep or file.startswith(f"{dep}/") for dep in declared)
        }
        assert not missing, f"{name} imports, but does not declare, {missing}"
        assert all((ROOT / dep).exists() for dep in declared), name


def test_github_runs_the_two_commands_of_the_readme() -> None:
    jobs = YAML(typ="safe").load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    commands = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    for command in ("make test", "make repro"):
        assert f"$ {command} " in (ROOT / "README.md").read_text()
        assert any(each.startswith(command) for each in commands), command
        assert f"\n{command.split()[1]}:" in (ROOT / "Makefile").read_text()


def test_every_training_and_evaluation_can_be_restored_from_the_cache() -> None:
    """DVC restores no stage that has an output without cache, unless it is a metric or a plot."""
    stages = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
    quick = {"imbalance-compare"}
    for name in stages.keys() - quick:
        outputs = stages[name].get("do", stages[name]).get("outs", [])
        assert all(isinstance(output, str) for output in outputs), name


def test_git_tracks_nothing_that_the_cache_keeps() -> None:
    """DVC refuses to run a stage of which git tracks an output that the cache is to keep."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with Repo(str(ROOT)) as repo:
        kept = {Path(out.fs_path).relative_to(ROOT) for out in repo.index.outs if out.use_cache}
    tracked = [Path(name) for name in listed.stdout.splitlines()]
    assert kept
    assert not [file for file in tracked if kept & {file, *file.parents}]
