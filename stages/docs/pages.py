"""The generated pages: which files they are, and what fills them."""

from collections.abc import Iterator
from pathlib import Path

from stages import paths
from stages.docs.benchmarks import benchmark
from stages.docs.commands import commands
from stages.docs.durations import durations
from stages.docs.network_lines import network_lines
from stages.docs.parameters import json_schema, parameters
from stages.docs.results import TABLES
from stages.docs.sections import Sections, fill

#: Named in the first line of params.yaml.
SCHEMA = paths.ROOT / "params.schema.json"

SECTIONS: Sections = {
    "commands": commands,
    "network-lines": network_lines,
    "durations": durations,
    **TABLES,
    **{
        f"parameters {section}": lambda section=section: parameters(section)
        for section in ("general", "figures", "digits", "imbalance")
    },
    **{
        f"benchmarks {file.stem}": lambda name=file.stem: benchmark(name)
        for file in sorted((paths.ROOT / "benchmarks" / "results").glob("*.json"))
    },
}


def generated_files(*, require_results: bool = True) -> Iterator[tuple[Path, str]]:
    """Yield every generated text file with its content.

    Args:
        require_results: Whether a missing result file is an error; see `fill`.
    """
    yield SCHEMA, json_schema()
    for page in [paths.ROOT / "README.md", *sorted((paths.ROOT / "docs").glob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        yield page, fill(text, SECTIONS, require_results=require_results)
