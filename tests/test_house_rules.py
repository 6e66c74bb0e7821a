"""The import contracts and other structural rules hold, and each contract detects violations."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.paths import ROOT

LINTER = Path(sys.executable).parent / "lint-imports"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_project_keeps_its_import_contracts() -> None:
    linted = lint(ROOT)
    assert linted.returncode == 0, linted.stdout


#: Module, line to add to it, and the contract that the line breaks.
VIOLATIONS = [
    (
        "pipelines.figures.data.drawing",
        "import mlflow",
        "pipelines import neither dvc nor mlflow nor stages",
    ),
    (
        "pipelines.pictures",
        "import stages.paths",
        "pipelines import neither dvc nor mlflow nor stages",
    ),
    (
        "pipelines.digits.data.mnist",
        "import pipelines.figures",
        "pipelines do not import each other",
    ),
    (
        "pipelines.progress",
        "import pipelines.digits.data.mnist",
        "shared library modules import no pipeline",
    ),
    (
        "pipelines.figures.classifier",
        "import pipelines.figures.evaluation",
        "figures: network and training import neither evaluation nor plots",
    ),
    (
        "pipelines.digits.models.kinds",
        "import pipelines.digits.plots.generation",
        "digits: models and training import neither evaluation nor plots",
    ),
    (
        "pipelines.imbalance.forecasters.kinds",
        "import pipelines.imbalance.evaluation.scores",
        "imbalance: forecasters and training import neither evaluation nor plots",
    ),
    (
        "pipelines.figures.network.layers",
        "import torch",
        "the network from scratch imports no machine-learning library",
    ),
    ("stages.figures.pipeline", "import scipy", "stages import no numerical library"),
    (
        "stages.params.section",
        "import stages.outputs.hashes",
        "stages import only from lower layers",
    ),
    ("stages.runner.log", "import stages.figures.metrics", "stages import only from lower layers"),
    (
        "stages.digits.metrics",
        "import stages.imbalance.metrics",
        "stages import only from lower layers",
    ),
]
#: New module without a layer, and the contract that reports it.
UNASSIGNED = [
    (
        "pipelines.imbalance.in_no_layer",
        "imbalance: forecasters and training import neither evaluation nor plots",
    ),
    ("stages.helpers", "stages import only from lower layers"),
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Output of the linter for a copy of the project in which each contract is broken."""
    folder = tmp_path_factory.mktemp("broken")
    for name in ("pipelines", "stages", "pyproject.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    lines = [(module, line) for module, line, _ in VIOLATIONS]
    for module, line in [*lines, *((module, "") for module, _ in UNASSIGNED)]:
        with (folder / f"{module.replace('.', '/')}.py").open("a") as file:
            file.write(f"\n{line}\n")
    linted = lint(folder)
    assert linted.returncode != 0
    return linted.stdout


def complaints(broken: str, rule: str) -> str:
    """Return the output of the linter for the contract `rule`."""
    assert f"{rule} BROKEN" in " ".join(broken.split())
    section = broken.partition("Broken contracts")[2].partition(f"{rule}\n---")[2]
    return " ".join(section.split("\n---")[0].split())


@pytest.mark.parametrize(("module", "line", "rule"), VIOLATIONS)
def test_a_forbidden_import_is_detected(broken: str, module: str, line: str, rule: str) -> None:
    imported = line.removeprefix("import ")
    assert f"{module} -> {imported} (l." in complaints(broken, rule)


@pytest.mark.parametrize(("module", "rule"), UNASSIGNED)
def test_a_module_without_a_layer_is_detected(broken: str, module: str, rule: str) -> None:
    assert module in complaints(broken, rule)


def test_stages_contains_only_packages_and_three_modules() -> None:
    files = {path.name for path in (ROOT / "stages").iterdir() if path.is_file()}
    assert files == {"__init__.py", "paths.py", "errors.py", "registry.py"}


def test_github_runs_the_two_commands_of_the_readme() -> None:
    jobs = YAML(typ="safe").load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    commands = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    for command in ("make test", "make repro"):
        assert f"$ {command} " in (ROOT / "README.md").read_text()
        assert any(each.startswith(command) for each in commands), command
        assert f"\n{command.split()[1]}:" in (ROOT / "Makefile").read_text()
