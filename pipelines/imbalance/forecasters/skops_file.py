"""Files of skops whose bytes depend on nothing but what they hold.

skops names the parts of a file by where objects happened to lie in memory, and dates them.
"""

import re
import zipfile
from pathlib import Path

__all__ = ["make_reproducible"]

SCHEMA = "schema.json"
PLACE = re.compile(r'(?<="__id__": )\d+|(?<="file": ")\d+(?=\.)')
DATE = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file can tell


def make_reproducible(path: Path) -> None:
    """Number the parts of a file in the order of its schema, without dates.

    Args:
        path: What `skops.io.dump` wrote.

    Raises:
        ValueError: If a part is not named in the schema.
    """
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    numbers: dict[str, str] = {}

    def number(place: re.Match[str]) -> str:
        return numbers.setdefault(place[0], str(len(numbers)))

    schema = PLACE.sub(number, parts.pop(SCHEMA).decode())
    named = {}
    for name, content in parts.items():
        stem, dot, suffix = name.partition(".")
        if stem not in numbers:
            raise ValueError(f"{path}: {name}: not named in {SCHEMA}")
        named[f"{numbers[stem]}{dot}{suffix}"] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in [*sorted(named.items()), (SCHEMA, schema.encode())]:
            part = zipfile.ZipInfo(name, DATE)
            part.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(part, content)
