"""Tables of the benchmarks, from the JSON files that the benchmark scripts write."""

import json
from typing import Any

from stages import paths
from stages.docs.sections import table


def benchmark(name: str) -> str:
    """Return the table of a benchmark, with the machine, the versions and the date.

    Args:
        name: Of the script in `benchmarks/`.
    """
    file = paths.ROOT / "benchmarks" / "results" / f"{name}.json"
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    versions = ", ".join(f"{package} {version}" for package, version in record["versions"].items())
    machine = (
        f"Measured on {record['date']} by `{record['command']}` with {record['threads']} "
        f"thread{'s' * (record['threads'] != 1)} of {record['cpu']} ({record['cores']} cores), "
        f"Python {record['python']}, {versions}."
    )
    rows = [[_text(cell) for cell in row] for row in record["rows"]]
    notes = [f"- {note}" for note in record["notes"]]
    return "\n\n".join(filter(None, [table(record["columns"], rows), "\n".join(notes), machine]))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
