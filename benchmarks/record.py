"""Result files of the benchmarks: `benchmarks/results/<name>.json`, all of one shape."""

import json
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_info

RESULTS = Path(__file__).parent / "results"


def write_record(
    name: str,
    *,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    packages: Sequence[str],
    notes: Sequence[str],
) -> None:
    """Print a benchmark's table and write it with the machine and the versions.

    Args:
        name: Of the benchmark's module, and of the file.
        columns: Titles, with units.
        rows: Cells as they are shown.
        packages: Distributions whose versions affect the numbers.
        notes: Sentences that the table needs.
    """
    table = Table(*columns, title=name)
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    Console(width=160).print(table, *notes, sep="\n")
    record = {
        "benchmark": name,
        "command": shlex.join(["python", "-m", f"benchmarks.{name}", *sys.argv[1:]]),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "threads": max((pool["num_threads"] for pool in threadpool_info()), default=1),
        "python": platform.python_version(),
        "versions": {package: version(package) for package in sorted(packages)},
        "date": date.today().isoformat(),
        "columns": columns,
        "rows": rows,
        "notes": notes,
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(record, indent=2, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def cpu_model() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
