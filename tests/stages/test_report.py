"""The page tells what the metric files say, what changed, and what was run; nothing is made up."""

import re
import shutil
from pathlib import Path

import pytest

from stages.command import StageError
from tests.stages.fabricated import (
    HEADLINES,
    commit,
    fabricated_project,
    read_metrics,
    variants,
    write_metrics,
    write_report,
)
from tests.stages.read_page import ReadPage
from tests.workflow.project import Project

HOSTILE = "</pre><script>alert('1')</script>"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return fabricated_project(tmp_path_factory.mktemp("fabricated"))


@pytest.fixture(scope="module")
def page(original: Project) -> ReadPage:
    return read(original)


@pytest.fixture
def project(original: Project, tmp_path: Path) -> Project:
    ignored = shutil.ignore_patterns("report.html")
    shutil.copytree(original.root, tmp_path / "project", ignore=ignored)
    return Project(tmp_path / "project", original.environment)


def read(project: Project) -> ReadPage:
    return ReadPage(write_report(project))


def table(page: ReadPage, pipeline: str) -> dict[str, list[str]]:
    """Return the numbers of the variants, and the headings under `variant`."""
    rows = page.tables[f"Variants of {pipeline}, the best first"]
    return {row[0].split()[0]: row[1:] for row in rows}


def test_every_number_is_that_of_the_metric_files(original: Project, page: ReadPage) -> None:
    for pipeline, names in variants(original).items():
        found = table(page, pipeline)
        assert set(found) == {"variant", *names}
        for variant in names:
            for name, value in read_metrics(original, pipeline, variant)["test"].items():
                place = found["variant"].index(HEADLINES[pipeline][name])
                texts = found[variant][place].split(" to ")
                assert as_written(texts[name.endswith("_high")]) == pytest.approx(value, rel=0.003)
    assert "test digits read right: 75.00" in page.text


def as_written(text: str) -> float:
    return float(text.replace("−", "-").replace("\N{NO-BREAK SPACE}%", "e-2"))


def test_the_best_variant_stands_first_and_is_called_so_by_a_word(project: Project) -> None:
    names = variants(project)["imbalance"]
    for rank, variant in enumerate(reversed(names)):
        metrics = read_metrics(project, "imbalance", variant)
        metrics["test"]["rmse"] = 40.0 + rank
        write_metrics(project, "imbalance", variant, metrics)
    page = read(project)
    rows = [row[0] for row in page.tables["Variants of imbalance, the best first"]]
    assert [row.split()[0] for row in rows[1:]] == names[::-1]
    assert ["★ best" in row for row in rows[1:]] == [True] + [False] * (len(names) - 1)


def test_how_sure_a_difference_is_comes_from_the_comparison(page: ReadPage) -> None:
    found = table(page, "imbalance")
    place = found["variant"].index("p")
    assert found["ridge"][place] == "–"
    assert found["lstm_altered"][place] == "6·10⁻²⁰"


def test_several_seeds_are_shown_with_their_spread(project: Project) -> None:
    metrics = read_metrics(project, "figures", "demo_1")
    seeds = {"count": 3, "mean": {"accuracy": 0.512}, "deviation": {"accuracy": 0.031}}
    write_metrics(project, "figures", "demo_1", metrics | {"seeds": seeds})
    page = read(project)
    (row,) = (
        row for row in page.tables["Variants of figures, the best first"] if "demo_1" in row[0]
    )
    assert "3 seeds" in row[0]
    assert row[1].endswith("51.2 ± 3.1\N{NO-BREAK SPACE}%")


def test_a_headline_that_nobody_has_foreseen_is_shown_and_can_do_no_harm(project: Project) -> None:
    metrics = read_metrics(project, "figures", "demo_1")
    metrics["test"][f"new{HOSTILE}"] = 0.123456
    write_metrics(project, "figures", "demo_1", metrics)
    page = read(project)
    found = table(page, "figures")
    assert found["variant"][-1] == f"new{HOSTILE}"
    assert found["demo_1"][-1] == "0.1235"
    assert "script" not in page.tags


def test_parameters_are_shown_as_they_are_written_and_can_do_no_harm(project: Project) -> None:
    with (project.root / "params.yaml").open("a") as file:
        file.write(f"# {HOSTILE} & more\n")
    page = read(project)
    assert f"# {HOSTILE} & more" in page.text
    assert "script" not in page.tags


def test_nothing_changed_since_the_commit_is_said(page: ReadPage) -> None:
    assert "Nothing changed" in page.text
    assert "Numbers that changed" not in page.tables


def test_what_changed_since_the_commit_is_told_and_gone_with_the_next_commit(
    project: Project,
) -> None:
    metrics = read_metrics(project, "figures", "demo_1")
    metrics["test"]["accuracy"] = 0.25
    write_metrics(project, "figures", "demo_1", {"test": metrics["test"] | {"accuracy": 0.75}})
    commit(project)
    write_metrics(project, "figures", "demo_1", metrics)
    project.write_params(project.params_with("demo_1", epochs=7))
    page = read(project)
    assert page.tables["Numbers that changed"][1:] == [
        [
            *("figures/demo_1", "accuracy", "75.0\N{NO-BREAK SPACE}%", "25.0\N{NO-BREAK SPACE}%"),
            *("−50 points", "worse"),
        ]
    ]
    assert page.tables["Parameters that changed"][1:] == [
        ["figures.networks.demo_1.epochs", "100", "7"]
    ]
    commit(project)
    assert "Nothing changed" in read(project).text


def test_a_variant_that_is_not_committed_is_new(project: Project) -> None:
    project.run("git", "rm", "--quiet", "--cached", "results/figures/demo_1/metrics.json")
    commit_of_the_rest = [
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.com",
        "commit",
        "-qm",
        "-",
    ]
    project.run("git", *commit_of_the_rest)
    page = read(project)
    assert " ".join(page.text.split()).count("Not in the last commit: figures/demo_1 .") == 1
    assert "Numbers that changed" not in page.tables


def test_without_a_commit_there_is_nothing_to_compare_with(project: Project) -> None:
    shutil.rmtree(project.root / ".git")
    assert "There is no commit to compare with." in read(project).text


def test_what_was_run_is_named(original: Project, page: ReadPage) -> None:
    assert original.run("git", "rev-parse", "HEAD").strip() in page.text
    assert ["data/raw/digits", "55.0 MB", "d0193be1.dir"] in page.tables[
        "Data, as dvc.lock knows it"
    ]
    assert (original.root / "params.yaml").read_text() in page.text
    assert "torch 2" in page.text


def test_results_of_variants_that_are_no_more_are_not_shown(project: Project) -> None:
    params = project.params()
    del params["figures"]["networks"]["demo_1"]
    project.write_params(params)
    assert set(table(read(project), "figures")) == {"variant", *params["figures"]["networks"]}


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("figures/demo_1/metrics.json", None, " is missing; `dvc repro` makes it"),
        ("digits/verifier/metrics.json", None, " is missing; `dvc repro` makes it"),
        ("comparison/imbalance/metrics.json", "[", ": holds no tests; delete it and `dvc repro`"),
        ("imbalance/ridge/metrics.json", '{"test": {', ": holds no headlines; delete it and"),
    ],
)
def test_results_that_are_missing_or_damaged_are_refused_in_one_line(
    project: Project, file: str, content: str | None, said: str
) -> None:
    path = project.root / "results" / file
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(StageError, match=f"^{re.escape(f'results/{file}{said}')}"):
        read(project)
    assert not (project.root / "results" / "report.html").exists()


def test_the_page_is_whole_in_itself(page: ReadPage) -> None:
    assert len(page.images) >= 6
    for image in page.images:
        assert image["src"].startswith("data:image/png;base64,")
        assert image["alt"]
    html = page.html.replace("".join(image["src"] for image in page.images), "")
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    for outside in ("http:", "https:", "url(", "@import"):
        assert outside not in html
    assert set(HEADLINES) <= set(page.text.split())
