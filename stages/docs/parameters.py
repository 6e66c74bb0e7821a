"""Tables of all parameters and the JSON Schema of params.yaml, from the typed schema."""

import json
from collections.abc import Iterator
from typing import Any

from stages.docs.sections import table
from stages.params import Params

_LIMITS = {"≥": "minimum", ">": "exclusiveMinimum", "≤": "maximum", "<": "exclusiveMaximum"}

Schema = dict[str, Any]


def json_schema() -> str:
    """Return the JSON Schema of params.yaml, by which editors complete and check it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(schema | Params.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def parameters(section: str) -> str:
    """Return a Markdown table of the parameters of a section, and one for each kind in it.

    Args:
        section: A key of params.yaml that holds a mapping, or `general` for the others.
    """
    schema = Params.model_json_schema()
    definitions = schema["$defs"]
    fields = schema["properties"]
    if section == "general":
        plain = {key: field for key, field in fields.items() if "$ref" not in field}
        return _table(_rows("", {"properties": plain}, definitions))
    tables = _tables(section, _resolved(fields[section], definitions), definitions)
    return "\n\n".join(f"### `{title}`\n\n{text}" for title, text in tables)


def _tables(path: str, section: Schema, definitions: Schema) -> Iterator[tuple[str, str]]:
    """Yield title and table of a section, then those of the kinds that its fields accept."""
    yield path, _table(_rows("", section, definitions))
    for name, field in _fields("", section, definitions):
        entries = [*field.get("patternProperties", {}).values()]
        suffix, entry = (".NAME", entries[0]) if entries else ("", field)
        if field.get("type") == "array":
            suffix, entry = "[]", field["items"]
        kinds = entry.get("anyOf", entry.get("oneOf", [entry]))
        for kind in kinds:
            inner = _resolved(kind, definitions)
            if "properties" in inner and inner is not field:
                label = f" · {_kind(inner)}" if len(kinds) > 1 else ""
                yield from _tables(f"{path}.{name}{suffix}{label}", inner, definitions)


def _fields(prefix: str, section: Schema, definitions: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield the fields of a section; those of a nested one stand in its place."""
    for key, field in section["properties"].items():
        inner = _resolved(field, definitions)
        if "properties" in inner:
            yield from _fields(f"{prefix}{key}.", inner, definitions)
        else:
            yield f"{prefix}{key}", field


def _rows(prefix: str, section: Schema, definitions: Schema) -> Iterator[tuple[str, str, str]]:
    for name, field in _fields(prefix, section, definitions):
        yield f"`{name}`", _accepted(field), field["description"]


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return table(["parameter", "accepted", "description"], escaped)


def _resolved(field: Schema, definitions: Schema) -> Schema:
    reference = field.get("$ref")
    return definitions[reference.rpartition("/")[2]] if reference else field


def _kind(section: Schema) -> str:
    """Return what selects a kind: `kind: lstm`, or its class name in lower case."""
    for key, field in section["properties"].items():
        if "const" in field:
            return f"{key}: {field['const']}"
    return str(section["title"]).lower()


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
            return "a mapping, see below"
        case {"type": "object"}:
            return "mappings by name, see below"
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
