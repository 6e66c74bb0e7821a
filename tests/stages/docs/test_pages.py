"""README.md and `docs/` are up to date, and what is generated fits its source."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from stages import paths
from stages.docs.pages import SCHEMA, SECTIONS, generated_files
from stages.docs.parameters import parameters
from stages.docs.sections import fill
from stages.docs.sources import recorded_sources, saved_sources
from stages.errors import StageError
from stages.paths import PARAMS, ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]+)?\)")


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives to a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return kept.replace(" ", "-")


def test_generated_files_are_up_to_date() -> None:
    stale = [
        path.name
        for path, text in generated_files(require_results=False)
        if path.read_text(encoding="utf-8") != text
    ]
    assert not stale, "run `make docs`"


def test_tables_and_pictures_come_from_the_results_in_dvc_lock() -> None:
    assert saved_sources() == recorded_sources(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target, heading in LINK.findall(text):
        file = page.parent / target
        assert file.exists(), target
        if heading and file.suffix == ".md":
            headings = re.findall(r"(?m)^#+ (.+)$", file.read_text(encoding="utf-8"))
            assert heading[1:] in map(anchor, headings), f"{target}{heading}"


def test_every_picture_is_shown() -> None:
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    texts += [script.read_text(encoding="utf-8") for script in (ROOT / "notebooks").glob("*.py")]
    pictures = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert {name for name in pictures if not any(name in text for text in texts)} == set()


def test_the_readme_has_at_most_200_lines_and_its_tables_at_most_five_rows() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    summaries = re.findall(r"(?s)<!-- generated: summary \w+ -->(.*?)<!-- end -->", text)
    assert len(summaries) == 3
    assert all(len(each.strip().splitlines()) <= 2 + 5 for each in summaries)


def test_every_parameter_is_described_once() -> None:
    for section in ("general", "figures", "digits", "imbalance"):
        tables = parameters(section).split("### ")
        for each in tables:
            names = re.findall(r"(?m)^\| `([^`]+)` \|", each)
            assert len(names) == len(set(names))
    assert "| `split.train` | number > 0, < 1 |" in parameters("figures")
    assert "### `imbalance.models.NAME · kind: ridge`" in parameters("imbalance")


def test_editors_find_the_schema_and_it_accepts_params_yaml_alone() -> None:
    text = PARAMS.read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA.name}\n")
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    document = YAML(typ="safe", pure=True).load(text)
    assert list(validator.iter_errors(document)) == []
    document["figures"]["models"]["demo_1"]["epochs"] = 0
    assert [list(error.path)[-1] for error in validator.iter_errors(document)] == ["epochs"]


def test_marks_are_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    (tmp_path / "some.json").write_text('{"test": {"accuracy": [0.9949]}}')
    page = (
        "<!-- generated: one -->\nold\n<!-- end -->\n"
        "<!-- value: some.json test.accuracy.0 .1% -->1 %<!-- /value -->\n"
    )
    assert fill(page, {"one": lambda: "| new |"}) == (
        "<!-- generated: one -->\n\n| new |\n\n<!-- end -->\n"
        "<!-- value: some.json test.accuracy.0 .1% -->99.5\N{NO-BREAK SPACE}%<!-- /value -->\n"
    )


def test_what_needs_missing_results_stays_or_is_an_error() -> None:
    page = "<!-- value: results/no/model.json test.rmse .1f -->1.0<!-- /value -->"
    assert fill(page, SECTIONS, require_results=False) == page
    with pytest.raises(FileNotFoundError):
        fill(page, SECTIONS)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (
            "<!-- generated: nothing -->\n<!-- end -->",
            "unknown section 'nothing': must be one of com",
        ),
        ("<!-- value: pyproject.json a b --><!-- /value -->", None),
        (
            "<!-- value: results/digits/ae/metrics.json test.no .1f --><!-- /value -->",
            "results/digits/ae/metrics.json has no test.no",
        ),
    ],
)
def test_an_unknown_name_is_refused(page: str, message: str | None) -> None:
    with pytest.raises(StageError if message else FileNotFoundError, match=message):
        fill(page, SECTIONS)
