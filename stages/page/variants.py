"""The table of a pipeline's variants: which leads, by how much, how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.command import in_one_line, read_input
from stages.layout import comparison, results
from stages.page.chapters import Chapter
from stages.page.columns import Column, with_unknown
from stages.page.headlines import Headlines, headlines, with_tests
from stages.params import Params
from stages.ranking import RANKINGS, winner


@dataclass(frozen=True)
class Cell:
    """A number of a variant.

    Attributes:
        text: the number, written out.
        spread: mean ± deviation over the seeds of the variant; empty where there was one.
    """

    text: str
    spread: str = ""


@dataclass(frozen=True)
class Row:
    """A variant.

    Attributes:
        variant: its name.
        about: what sets it apart, where its name does not say so already.
        ranked: whether it may be the best of its pipeline.
        wins: whether it is.
        trainings: from how many seeds it was trained.
        cells: a number for each column.
    """

    variant: str
    about: list[str]
    ranked: bool
    wins: bool
    trainings: int
    cells: list[Cell]


@dataclass(frozen=True)
class Table:
    """The variants of a pipeline, the best first, those that may not win last.

    Attributes:
        winner: the best variant.
        title: what ranks them.
        value: what the best one has of it.
        columns: the columns.
        rows: the variants.
    """

    winner: str
    title: str
    value: str
    columns: list[Column]
    rows: list[Row]


def read_numbers(chapter: Chapter, params: Params) -> dict[str, Headlines]:
    """Read the headlines of a pipeline's variants, and those of their judge if there is one.

    Args:
        chapter: of the pipeline.
        params: they tell which variants there are.

    Returns:
        The headlines by variant, with what tests the variants against each other.

    Raises:
        StageError: results are missing or damaged.
    """

    def read(path: Path) -> Headlines:
        return headlines(path.read_text(encoding="utf-8"))

    found = {
        name: read_input(read, results(chapter.pipeline, name) / "metrics.json")
        for name in chapter.measured(params)
    }
    if chapter.reference is None:
        return found
    return read_input(
        lambda path: with_tests(found, path.read_text(encoding="utf-8")),
        comparison(chapter.pipeline) / "metrics.json",
    )


def table(chapter: Chapter, params: Params, numbers: Mapping[str, Headlines]) -> Table:
    """Set the variants of a pipeline beside each other.

    Args:
        chapter: of the pipeline.
        params: they tell what sets the variants apart, and who may win.
        numbers: as `read_numbers` returns them.

    Raises:
        StageError: no variant has what ranks them.
    """
    ranking, settings = RANKINGS[chapter.pipeline], params.variants[chapter.pipeline]
    scores = {variant: numbers[variant].test for variant in settings}
    with in_one_line(ValueError):
        best = winner(chapter.pipeline, scores, params)

    def place(variant: str) -> tuple[bool, bool, tuple[float, ...]]:
        measured = ranking.metric in scores[variant]
        key = ranking.key(scores[variant]) if measured else ()
        return not ranking.eligible(params, variant), not measured, key

    columns = with_unknown(chapter.all_columns(params), scores.values())
    ranked = next(column for column in columns if ranking.metric in column.names)
    return Table(
        winner=best,
        title=ranking.title,
        value=f"{ranked.number(scores[best][ranking.metric])} {ranked.unit}".strip(),
        columns=columns,
        rows=[
            Row(
                variant,
                _about(chapter, variant, settings[variant]),
                ranking.eligible(params, variant) or variant == best,
                variant == best,
                numbers[variant].trainings,
                [_cell(column, numbers[variant]) for column in columns],
            )
            for variant in sorted(scores, key=place)
        ],
    )


def best_by(numbers: Mapping[str, Headlines], name: str) -> str | None:
    """Name the variant with the highest headline of this name; None if no variant has it."""
    measured = {
        variant: found.test[name] for variant, found in numbers.items() if name in found.test
    }
    return max(measured, key=measured.__getitem__, default=None)


def _about(chapter: Chapter, variant: str, settings: Any) -> list[str]:
    return [fact for fact in chapter.describe(settings) if fact != variant]


def _cell(column: Column, numbers: Headlines) -> Cell:
    name, *others = column.names
    if others or name not in numbers.mean.keys() & numbers.deviation.keys():
        return Cell(column.text(numbers.test))
    spread = column.spread(numbers.mean[name], numbers.deviation[name])
    return Cell(column.text(numbers.test), spread)
