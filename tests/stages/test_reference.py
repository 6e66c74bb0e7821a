"""The README's parameter reference is what the schema says."""

import pytest

from stages.reference import README, reference, with_reference


def test_the_readme_holds_the_reference_of_today() -> None:
    readme = README.read_text(encoding="utf-8")
    assert with_reference(readme) == readme, "run `make reference`"


def test_every_parameter_is_explained_once() -> None:
    names = [line.split("|")[1].strip() for line in reference().splitlines()[2:]]
    assert len(names) == len(set(names))
    assert "`figures.networks.NAME.optimizer.learning_rate`" in names
    assert "`figures.datasets.NAME.split.train`" in names


def test_a_readme_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        with_reference("# A project")
