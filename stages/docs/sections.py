"""Fill the marked sections and numbers of a Markdown page."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stages import paths
from stages.errors import StageError

_SECTION = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_VALUE = re.compile(r"(<!-- value: (\S+) (\S+) (\S+) -->).*?(<!-- /value -->)", re.DOTALL)

#: The text of each generated section by the name in its mark.
Sections = Mapping[str, Callable[[], str]]


def fill(page: str, sections: Sections, *, require_results: bool = True) -> str:
    """Return a page with its generated sections and numbers up to date.

    Args:
        page: Markdown with `<!-- generated: NAME -->` … `<!-- end -->` around a section, and
            `<!-- value: FILE KEY FORMAT -->` … `<!-- /value -->` around a number of a JSON file.
        sections: The text of every section.
        require_results: Whether a missing result file is an error. Otherwise what depends on it
            stays unchanged.

    Raises:
        FileNotFoundError: A result file is missing.
        StageError: A mark names no section, or a key that the file does not have.
    """

    def replaced(match: re.Match[str], text: Callable[[], str], before: str, after: str) -> str:
        try:
            return f"{before}{text()}{after}"
        except FileNotFoundError:
            if require_results:
                raise
            return match[0]

    def section(match: re.Match[str]) -> str:
        if match[2] not in sections:
            raise StageError(f"unknown section {match[2]!r}: must be one of {', '.join(sections)}")
        return replaced(match, lambda: f"\n{sections[match[2]]()}\n\n", match[1], match[3])

    def value(match: re.Match[str]) -> str:
        number = lambda: _number(match[2], match[3], match[4])  # noqa: E731
        return replaced(match, number, match[1], match[5])

    return _VALUE.sub(value, _SECTION.sub(section, page))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _number(file: str, key: str, form: str) -> str:
    """Return a number of a JSON file under the project's root, as text."""
    value: Any = json.loads(Path(paths.ROOT / file).read_text(encoding="utf-8"))
    try:
        for part in key.split("."):
            value = value[int(part) if isinstance(value, list) else part]
    except (KeyError, IndexError, ValueError, TypeError):
        raise StageError(f"{file} has no {key}") from None
    return format(value, form).replace("%", "\N{NO-BREAK SPACE}%")
