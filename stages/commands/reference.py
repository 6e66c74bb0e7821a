"""Write the table of parameters in README.md, from the schema of params.yaml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stages import paths
from stages.commands.command_line import run_command
from stages.errors import StageError
from stages.params import Params

BEGIN = "<!-- parameters: written by `make docs` from the schema -->"
END = "<!-- end of parameters -->"
_LIMITS = {"≥": "minimum", ">": "exclusiveMinimum", "≤": "maximum", "<": "exclusiveMaximum"}

Schema = dict[str, Any]


def reference() -> str:
    """Write the table between its marks in README.md."""
    readme = Path(paths.ROOT / "README.md")
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")
    return "README.md lists all parameters"


def with_table(readme: str) -> str:
    """Return the text of README.md with the present table.

    Raises:
        StageError: a mark is missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise StageError(f"README.md: the marks {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def table() -> str:
    """Return the Markdown table of all parameters; alternatives share the rows of equal names."""
    schema = Params.model_json_schema()
    rows: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for name, accepted, description in _rows("", schema, schema["$defs"]):
        kinds, descriptions = rows.setdefault(name, ({}, {}))
        kinds[accepted] = descriptions[description] = None
    lines = ["| parameter | accepted | description |", "|---|---|---|"]
    for name, (kinds, descriptions) in rows.items():
        cells = [f"`{name}`", " or ".join(kinds), "; ".join(descriptions)]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def _rows(prefix: str, section: Schema, definitions: Schema) -> Iterator[tuple[str, str, str]]:
    for key, field in section["properties"].items():
        name = f"{prefix}{key}"
        yield name, _accepted(field), field["description"]
        for suffix, inner in _sections(field, definitions):
            yield from _rows(f"{name}{suffix}.", inner, definitions)


def _sections(field: Schema, definitions: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield the sections that a field holds, with what stands between their names."""
    if "$ref" in field:
        yield "", definitions[field["$ref"].rpartition("/")[2]]
    entries = [*field.get("patternProperties", {}).values(), field.get("additionalProperties")]
    parts = [(".NAME", entry) for entry in entries if entry]
    parts += [("[]", field["items"])] if "items" in field else []
    parts += [("", each) for each in field.get("anyOf", field.get("oneOf", []))]
    for suffix, part in parts:
        yield from ((f"{suffix}{rest}", found) for rest, found in _sections(part, definitions))


def _accepted(field: Schema) -> str:
    """Describe what a field accepts."""
    match field:
        case {"anyOf": alternatives} | {"oneOf": alternatives}:
            return " or ".join(dict.fromkeys(map(_accepted, alternatives)))
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"$ref": _}:
            return "a mapping"
        case {"type": "object"}:
            return "mappings by name"
        case {"type": "array", "items": items}:
            return f"a list of {_accepted(items).replace('a mapping', 'mappings')}"
        case {"type": "boolean"}:
            return "`true`, `false`"
        case {"type": "null"}:
            return "`null`"
        case {"type": "string"}:
            return "a time" if field.get("format") == "date-time" else "a name"
    limits = [(sign, field[key]) for sign, key in _LIMITS.items() if key in field]
    texts = [f"{sign} {limit:g}" if limit < 1e6 else f"{sign} {limit:,}" for sign, limit in limits]
    return f"{field['type']} {', '.join(texts)}".strip()


if __name__ == "__main__":
    run_command("reference", reference)
