"""A stage imports what takes long to import only if it needs it; small stages are most of them."""

import subprocess
import sys

import pytest

from stages.layout import ROOT


@pytest.mark.parametrize(
    ("stage", "needless"),
    [
        ("figures.generate", {"mlflow", "pandas", "sklearn", "torch"}),
        ("figures.train", {"matplotlib", "torch"}),
        ("digits.fetch", {"mlflow", "pandas", "sklearn", "torch"}),
        ("digits.evaluate", {"lightning", "sklearn"}),
        ("imbalance.train", {"lightning", "matplotlib", "sklearn", "torch"}),
        ("imbalance.evaluate", {"lightning", "sklearn", "torch"}),
    ],
)
def test_a_stage_leaves_alone_what_it_may_not_need(stage: str, needless: set[str]) -> None:
    script = f"import sys, stages.{stage}; print(*sorted({needless!r} & set(sys.modules)))"
    imported = subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True)
    assert imported.split() == []
