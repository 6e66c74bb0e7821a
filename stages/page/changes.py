"""What is different from the results and the parameters of the last commit."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.layout import comparison, results
from stages.page.chapters import Chapter
from stages.page.columns import MISSING, Column
from stages.page.headlines import Headlines, headlines, with_tests
from stages.provenance import committed_text


@dataclass(frozen=True)
class Change:
    """A headline that is not what it was in the last commit.

    Attributes:
        variant: whose it is, with its pipeline.
        title: what it is called.
        before: its committed value.
        now: its value now.
        difference: by how much it has grown; empty if it is new.
        verdict: `better`, `worse`, or nothing where there is no better.
    """

    variant: str
    title: str
    before: str
    now: str
    difference: str
    verdict: str


@dataclass(frozen=True)
class ParameterChange:
    """A parameter that is not what it was in the last commit."""

    parameter: str
    before: str
    now: str


def committed_numbers(chapter: Chapter, names: Iterable[str]) -> dict[str, Headlines]:
    """Read headlines as they were in the last commit.

    Args:
        chapter: of the pipeline.
        names: the variants wanted.

    Returns:
        The headlines by variant; those that were not there, or not in this form, are left out.
    """
    found = {}
    for name in names:
        with suppress(ValueError):
            text = committed_text(results(chapter.pipeline, name) / "metrics.json")
            found[name] = headlines(text)
    with suppress(ValueError):
        return with_tests(found, committed_text(comparison(chapter.pipeline) / "metrics.json"))
    return found


def metric_changes(
    variant: str, columns: Iterable[Column], before: Mapping[str, float], now: Mapping[str, float]
) -> Iterator[Change]:
    """Compare the headlines of a variant with those of the last commit.

    Args:
        variant: its name, with its pipeline.
        columns: what headlines are called and how they are written.
        before: the headlines of the last commit, by name.
        now: those of now.

    Yields:
        What is different or new.
    """
    for column in columns:
        for name in column.names:
            if name in now and before.get(name) != now[name]:
                title, value = column.title_of(name), column.number(now[name])
                if name not in before:
                    yield Change(variant, title, MISSING, value, "", "")
                    continue
                pair = before[name], now[name]
                former, grown = column.number(before[name]), column.difference(*pair)
                yield Change(variant, title, former, value, grown, column.verdict(*pair))


def parameter_changes(before: str, now: str) -> list[ParameterChange]:
    """Compare two texts of params.yaml, parameter by parameter.

    Args:
        before: the one of the last commit; empty if there was none.
        now: the present one.
    """
    old, new = _flat(_document(before)), _flat(_document(now))
    return [
        ParameterChange(name, old.get(name, MISSING), new.get(name, MISSING))
        for name in dict.fromkeys([*new, *old])
        if old.get(name) != new.get(name)
    ]


def _document(text: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError):
        return None


def _flat(document: Any, prefix: str = "") -> dict[str, str]:
    """Write every parameter as text, by its full name."""
    if not isinstance(document, Mapping):
        return {}
    flat: dict[str, str] = {}
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{name}.")
        elif isinstance(value, str):
            flat[name] = value
        else:
            flat[name] = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return flat
