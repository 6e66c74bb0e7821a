"""A stage imports slow libraries only if it needs them."""

import subprocess
import sys

import pytest

from stages.paths import ROOT

SLOW = {"dvc", "lightning", "matplotlib", "mlflow", "pandas", "scipy", "sklearn", "torch"}


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        ("stages.params", set()),
        ("stages.registry", {"pandas"}),
        ("stages.figures.generate", set()),
        ("stages.figures.train", {"pandas", "scipy", "sklearn"}),
        ("stages.digits.fetch", set()),
        ("stages.digits.evaluate", {"matplotlib", "pandas", "scipy", "torch"}),
        ("stages.imbalance.train", {"pandas", "scipy"}),
        ("stages.imbalance.evaluate", {"matplotlib", "pandas", "scipy"}),
    ],
)
def test_a_stage_imports_only_the_slow_libraries_that_it_needs(
    module: str, needed: set[str]
) -> None:
    script = f"import sys, {module}; print(*sorted({SLOW!r} & set(sys.modules)))"
    imported = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True)
    assert set(imported.split()) <= needed
