"""The rules of the house are kept, and the contracts that keep them do catch who breaks them."""

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


def test_the_project_keeps_the_rules_of_the_house() -> None:
    kept = lint(ROOT)
    assert kept.returncode == 0, kept.stdout


#: A line that breaks each contract, and the module that it is added to.
OFFENDERS = [
    ("pipelines.figures.data.drawing", "import mlflow", "no dvc, no mlflow, no stages"),
    ("pipelines.pictures", "import stages.paths", "no dvc, no mlflow, no stages"),
    ("pipelines.digits.data.mnist", "import pipelines.figures", "no pipeline imports another"),
    (
        "pipelines.progress",
        "import pipelines.digits.data.mnist",
        "shared modules of the library know no pipeline",
    ),
    (
        "pipelines.figures.classifier",
        "import pipelines.figures.evaluation",
        "in figures, the network and its training know neither evaluation nor plots",
    ),
    (
        "pipelines.digits.models.kinds",
        "import pipelines.digits.plots.generation",
        "in digits, models and their training know neither evaluation nor plots",
    ),
    (
        "pipelines.imbalance.forecasters.kinds",
        "import pipelines.imbalance.evaluation.scores",
        "in imbalance, forecasters and their training know neither evaluation nor plots",
    ),
    ("pipelines.figures.network.layers", "import torch", "no machine-learning library"),
    ("stages.figures.pipeline", "import scipy", "stages hold no mathematics"),
    ("stages.params.section", "import stages.outputs.hashes", "in stages, arrows run downwards"),
    ("stages.runner.log", "import stages.figures.metrics", "in stages, arrows run downwards"),
    ("stages.digits.metrics", "import stages.imbalance.metrics", "in stages, arrows run downwards"),
]
#: A new module that belongs to no layer, and the contract that misses it.
STRANGERS = [
    (
        "pipelines.imbalance.in_no_layer",
        "in imbalance, forecasters and their training know neither evaluation nor plots",
    ),
    ("stages.helpers", "in stages, arrows run downwards"),
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy of the project in which every contract is broken."""
    folder = tmp_path_factory.mktemp("broken")
    for name in ("pipelines", "stages", "pyproject.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    lines = [(module, line) for module, line, _ in OFFENDERS]
    for module, line in [*lines, *((module, "") for module, _ in STRANGERS)]:
        with (folder / f"{module.replace('.', '/')}.py").open("a") as file:
            file.write(f"\n{line}\n")
    linted = lint(folder)
    assert linted.returncode != 0
    return linted.stdout


def complaints(broken: str, rule: str) -> str:
    """Return what the linter says of a contract, whose name ends with `rule`."""
    assert f"{rule} BROKEN" in " ".join(broken.split())
    section = broken.partition("Broken contracts")[2].partition(f"{rule}\n---")[2]
    return " ".join(section.split("\n---")[0].split())


@pytest.mark.parametrize(("module", "line", "rule"), OFFENDERS)
def test_an_import_across_a_wall_is_caught(broken: str, module: str, line: str, rule: str) -> None:
    imported = line.removeprefix("import ")
    assert f"{module} -> {imported} (l." in complaints(broken, rule)


@pytest.mark.parametrize(("module", "rule"), STRANGERS)
def test_a_module_in_no_layer_is_caught(broken: str, module: str, rule: str) -> None:
    assert module in complaints(broken, rule)


def test_nothing_but_rooms_and_three_modules_lies_in_stages() -> None:
    files = {path.name for path in (ROOT / "stages").iterdir() if path.is_file()}
    assert files == {"__init__.py", "paths.py", "errors.py", "registry.py"}


def test_github_runs_the_two_commands_of_the_readme() -> None:
    jobs = YAML(typ="safe").load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    commands = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    for command in ("make test", "make repro"):
        assert f"$ {command} " in (ROOT / "README.md").read_text()
        assert any(each.startswith(command) for each in commands), command
        assert f"\n{command.split()[1]}:" in (ROOT / "Makefile").read_text()
