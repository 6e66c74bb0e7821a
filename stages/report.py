"""Stage `report`: one page over everything that was run, and its champions in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.champions import register_champions
from stages.command import in_one_line, read_input, relative, run_stage
from stages.layout import LOCK, PARAMS, RESULTS, WORKFLOW, report_page
from stages.outputs import whole
from stages.page import origin
from stages.page.changes import Change, committed_numbers, metric_changes, parameter_changes
from stages.page.chapters import CHAPTERS, Chapter
from stages.page.durations import durations, in_words, stage_names
from stages.page.pictures import Picture, read_pictures
from stages.page.variants import Table, best_by, read_numbers, table
from stages.params import Params
from stages.provenance import commit_tags, committed_text

TEMPLATES = Path(__file__).parent / "page"


@dataclass(frozen=True)
class Findings:
    """What the page tells of a pipeline.

    Attributes:
        chapter: what there is to tell of it.
        table: its variants.
        judge: the numbers of what judges them, by what they are called.
        pictures: its pictures.
        changes: what is different from the last commit.
        new: the variants that the last commit does not have.
    """

    chapter: Chapter
    table: Table
    judge: dict[str, str]
    pictures: list[Picture]
    changes: list[Change]
    new: list[str]


def report(params: Params) -> str:
    """Write the page, and let the store know the best variants as champions."""
    winners = write_page(params)
    for line in register_champions(params):
        print(line)
    best = ", ".join(f"{pipeline} {variant}" for pipeline, variant in winners.items())
    return f"best are {best} → {relative(report_page())}"


def write_page(params: Params) -> dict[str, str]:
    """Write `results/report.html`.

    Args:
        params: the variants that there are.

    Returns:
        The best variant of each pipeline.

    Raises:
        StageError: results are missing or damaged.
    """
    sections = [findings(chapter, params) for chapter in CHAPTERS]
    page = render(params, sections)
    with whole(report_page()) as draft:
        draft.write_text(page, encoding="utf-8")
    return {each.chapter.pipeline: each.table.winner for each in sections}


def findings(chapter: Chapter, params: Params) -> Findings:
    """Gather what the page tells of a pipeline.

    Raises:
        StageError: results are missing or damaged.
    """
    numbers = read_numbers(chapter, params)
    shown = table(chapter, params, numbers)
    judge = numbers[chapter.judge].test if chapter.judge else {}
    roles = {"winner": shown.winner, "detector": best_by(numbers, "anomaly_average_precision")}
    with in_one_line(ValueError):
        pictures = read_pictures(RESULTS, chapter.pictures, roles)
    before = committed_numbers(chapter, numbers)
    changes = [
        metric_changes(
            f"{chapter.pipeline}/{name}",
            chapter.judge_columns if name == chapter.judge else shown.columns,
            before[name].test,
            found.test,
        )
        for name, found in numbers.items()
        if name in before
    ]
    return Findings(
        chapter=chapter,
        table=shown,
        judge={column.title: column.text(judge) for column in chapter.judge_columns},
        pictures=pictures,
        changes=list(chain.from_iterable(changes)),
        new=[f"{chapter.pipeline}/{name}" for name in numbers if name not in before],
    )


def render(params: Params, sections: list[Findings]) -> str:
    """Write the page as HTML that asks nothing of any other file or machine."""
    parameters = PARAMS.read_text(encoding="utf-8")
    workflow, lock = read_input(read_yaml, WORKFLOW), read_input(read_yaml, LOCK)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["in_words"] = in_words
    return environment.get_template("page.html").render(
        sections=sections,
        written=datetime.now(UTC),
        commit=commit_tags(),
        parameter_changes=parameter_changes(committed_text(PARAMS), parameters),
        durations=durations(workflow, params),
        data=list(origin.data(lock, set(stage_names(workflow, params)))),
        machine=origin.machine(params),
        versions=origin.versions(),
        parameters=parameters,
    )


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Read one of DVC's files.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged.
    """
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError:
        raise ValueError("is damaged") from None


if __name__ == "__main__":
    run_stage("report", report)
