"""The table of parameters in README.md is that of the schema."""

import pytest

from stages import paths
from stages.commands.reference import table, with_table
from stages.errors import StageError


def test_the_readme_holds_the_present_table() -> None:
    readme = (paths.ROOT / "README.md").read_text(encoding="utf-8")
    assert with_table(readme) == readme, "run `make docs`"


def test_every_parameter_is_described_once() -> None:
    names = [line.split("|")[1].strip() for line in table().splitlines()[2:]]
    assert len(names) == len(set(names))
    assert "`figures.datasets.NAME.split.train`" in names
    assert [name for name in names if name.endswith(".NAME.optimizer.learning_rate`")]


def test_a_readme_without_the_marks_is_refused() -> None:
    with pytest.raises(StageError, match="marks"):
        with_table("# A project")
