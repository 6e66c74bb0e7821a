"""Reproducible skops files, whose bytes depend only on their content.

skops names the entries of a file after memory addresses of objects, and stores the current date.
"""

import re
import zipfile
from pathlib import Path

__all__ = ["make_reproducible"]

SCHEMA = "schema.json"
ADDRESS = re.compile(r'(?<="__id__": )\d+|(?<="file": ")\d+(?=\.)')
DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date in a ZIP file


def make_reproducible(path: Path) -> None:
    """Number the entries of a file in the order of its schema, and remove dates.

    Args:
        path: A file written by `skops.io.dump`.

    Raises:
        ValueError: If an entry is not named in the schema.
    """
    with zipfile.ZipFile(path) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    numbers: dict[str, str] = {}

    def number(address: re.Match[str]) -> str:
        return numbers.setdefault(address[0], str(len(numbers)))

    schema = ADDRESS.sub(number, entries.pop(SCHEMA).decode())
    renamed = {}
    for name, content in entries.items():
        stem, dot, suffix = name.partition(".")
        if stem not in numbers:
            raise ValueError(f"{path}: {name}: not named in {SCHEMA}")
        renamed[f"{numbers[stem]}{dot}{suffix}"] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in [*sorted(renamed.items()), (SCHEMA, schema.encode())]:
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, content)
