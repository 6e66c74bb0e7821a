"""The page that links each equation to its line, and the docstring examples."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "architecture.md"
ROWS = re.findall(r"\| `(.+?)` \| \[\w+\.py:(\d+)\]\((.+?\.py)#L(\d+)\) \|", PAGE.read_text())


def test_the_page_has_a_row_for_each_kind_of_formula():
    assert {Path(file).stem for _, _, file, _ in ROWS} == {
        "activations",
        "initialization",
        "layers",
        "losses",
        "network",
        "optimizers",
        "regularization",
    }


@pytest.mark.parametrize(("code", "shown", "file", "line"), ROWS)
def test_each_equation_leads_to_the_line_of_its_code(code, shown, file, line):
    lines = (PAGE.parent / file).read_text().splitlines()
    places = [str(number) for number, text in enumerate(lines, 1) if code in text]
    assert shown == line == places[0], f"{file}: `{code}` is in line {', '.join(places)}"


@pytest.mark.parametrize("module", ["network.network", "network.plan.plan", "classifier"])
def test_docstring_examples_run(module):
    results = doctest.testmod(importlib.import_module(f"pipelines.figures.{module}"))
    assert results.attempted > 0 == results.failed
