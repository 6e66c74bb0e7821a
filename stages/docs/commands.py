"""The table of commands, from the descriptions in the Makefile."""

import re

from stages import paths
from stages.docs.sections import table


def commands() -> str:
    """Return a Markdown table of all `make` commands."""
    makefile = (paths.ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^([a-z-]+):.*?## (.+)$", makefile)
    return table(["command", "effect"], [(f"`make {name}`", text) for name, text in found])
