"""The parameter reference of README.md, written from the schema: `make reference`."""

from collections.abc import Iterator
from typing import Any

from stages.layout import ROOT
from stages.params import Params

README = ROOT / "README.md"
BEGIN = "<!-- parameters: written by `make reference` from the schema -->"
END = "<!-- end of parameters -->"


def reference() -> str:
    """Return the parameters as a Markdown table, one row each."""
    schema = Params.model_json_schema()
    merged: dict[str, tuple[list[str], list[str]]] = {}
    for name, accepted, description in _rows("", schema, schema["$defs"]):
        # Alternatives, such as two optimizers, may know the same parameter.
        known = merged.setdefault(name, ([], []))
        known[0].extend([] if accepted in known[0] else [accepted])
        known[1].extend([] if description in known[1] else [description])
    lines = ["| parameter | accepted | what it is |", "|---|---|---|"]
    for name, (accepted, descriptions) in merged.items():
        cells = [f"`{name}`", " or ".join(accepted), "; ".join(descriptions)]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def with_reference(readme: str) -> str:
    """Return the README with its parameter reference replaced by what the schema says.

    Args:
        readme: the text; it contains the two marks `BEGIN` and `END`.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md: the marks {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"


def _rows(
    prefix: str, section: dict[str, Any], definitions: dict[str, Any]
) -> Iterator[tuple[str, str, str]]:
    for key, field in section["properties"].items():
        name = f"{prefix}{key}"
        yield name, _accepted(field, definitions), field["description"]
        for suffix, inner in _sections_within(field, definitions):
            yield from _rows(f"{name}{suffix}.", inner, definitions)


def _sections_within(
    field: dict[str, Any], definitions: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the sections that a field holds, with what stands between their names."""
    if "$ref" in field:
        return [("", definitions[field["$ref"].rpartition("/")[2]])]
    if "additionalProperties" in field or "patternProperties" in field:
        inner = field.get("additionalProperties") or next(iter(field["patternProperties"].values()))
        return [(f".NAME{suffix}", found) for suffix, found in _sections_within(inner, definitions)]
    if "items" in field:
        return [
            (f"[]{suffix}", found)
            for suffix, found in _sections_within(field["items"], definitions)
        ]
    alternatives = field.get("anyOf", field.get("oneOf", []))
    return [found for each in alternatives for found in _sections_within(each, definitions)]


def _accepted(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Say in a few words what a field accepts."""
    alternatives = field.get("anyOf", field.get("oneOf"))
    if alternatives:
        return " or ".join(dict.fromkeys(_accepted(each, definitions) for each in alternatives))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "$ref" in field:
        return "a mapping"
    match field["type"]:
        case "object":
            return "mappings by name"
        case "array":
            items = field["items"]
            return (
                "a list of mappings"
                if "$ref" in items
                else f"a list of {_accepted(items, definitions)}"
            )
        case "boolean":
            return "`true`, `false`"
        case "null":
            return "`null`"
        case "string":
            return "a time" if field.get("format") == "date-time" else "a name"
        case kind:
            return f"{kind}{_range(field)}"


def _range(field: dict[str, Any]) -> str:
    limits = {
        "≥": field.get("minimum"),
        ">": field.get("exclusiveMinimum"),
        "≤": field.get("maximum"),
        "<": field.get("exclusiveMaximum"),
    }
    said = [
        f"{sign} {limit:g}" if limit < 1e6 else f"{sign} {limit:,}"
        for sign, limit in limits.items()
        if limit is not None
    ]
    return f" {', '.join(said)}" if said else ""


if __name__ == "__main__":
    README.write_text(with_reference(README.read_text(encoding="utf-8")), encoding="utf-8")
