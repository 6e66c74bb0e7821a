"""Read and validate params.yaml, with a one-line message for each error."""

import reprlib
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from stages.errors import ParamsError
from stages.params.renamed import present_name
from stages.params.schema import Params
from stages.paths import PARAMS

#: Maximum number of characters of a value or key in a message.
_LONGEST = 60
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother = 3, _LONGEST, _LONGEST


def load_params(path: Path = PARAMS) -> Params:
    """Read and validate a parameter file.

    Args:
        path: A YAML 1.2 file, read with the parser that DVC uses.

    Returns:
        The parameters.

    Raises:
        ParamsError: The file is missing or invalid. The message names the file, the parameter, its
            value and the accepted values.
    """
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return Params.model_validate(document)
    except ValidationError as error:
        problem = _explain(error, document)
    except FileNotFoundError:
        problem = f"not found in {path.parent}"
    except OSError as error:
        problem = error.strerror or str(error)
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 text ({error.reason})"
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        problem = f"{line}{error.problem}"
    except RecursionError:
        problem = "nested too deeply"
    except (YAMLError, ValueError, KeyError, AttributeError, TypeError) as error:
        problem = f"not YAML: {error}"  # the last three come from tags such as `!!bool maybe`
    raise ParamsError(f"{path.name}: {_one_line(problem)}") from None


def _explain(error: ValidationError, document: Any) -> str:
    """Describe the first error and count the others. Unknown parameters come first."""
    problems: dict[str, dict[str, Any]] = {}
    accepted: dict[str, dict[str, None]] = {}
    for each in sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden"):
        place = ".".join(_keys_in_document(each["loc"], document)) or "the file"
        problems.setdefault(place, dict(each))
        accepted.setdefault(place, {})[_accepted(each)] = None
    # If a number or a list is accepted, an invalid entry of the list is the more specific error.
    places = [p for p in problems if not any(other.startswith(f"{p}.") for other in problems)]
    place, more = places[0], len(places) - 1
    first = problems[place]
    match first["type"]:
        case "extra_forbidden" if name := present_name(place):
            text = f"{place}: renamed to {name}"
        case "extra_forbidden":
            text = f"{place}: unknown parameter{_known_parameters(first['loc'])}"
        case "missing":
            text = f"{place}: missing"
        case "value_error":
            text = f"{place}: {first['ctx']['error']}"
        case _:
            alternatives = ", or ".join(accepted[place])
            text = f"{place} = {_shortened(first['input'])}: must be {alternatives}"
    return f"{text} (and {more} more)" if more else text


def _accepted(problem: Any) -> str:
    """Describe the accepted values without pydantic's terms."""
    context = problem.get("ctx", {})
    match problem["type"]:
        case "model_type" | "dict_type" | "model_attributes_type":
            return "a mapping"
        case "string_pattern_mismatch":
            return "a name of lowercase letters, digits and underscores that begins with a letter"
        case "union_tag_invalid":
            tags, tag = context["expected_tags"], _shortened(context["tag"])
            return f"a mapping with {context['discriminator']} one of {tags}, not {tag}"
        case "union_tag_not_found":
            return f"a mapping with {context['discriminator']}"
        case "too_short":
            return f"of length {context['min_length']} or more"
        case "too_long":
            return f"of length {context['max_length']} or less"
        case _:
            message: str = problem["msg"]
            return message.removeprefix("Input should be ")


def _keys_in_document(loc: tuple[int | str, ...], document: Any) -> list[str]:
    """Return pydantic's location without the names of union members, which no file contains."""
    keys: list[str] = []
    here = document
    for position, part in enumerate(loc):
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            missing = position == len(loc) - 1 and isinstance(here, dict)
            if part == "[key]" or not missing:
                continue
        keys.append(str(part) if len(str(part)) <= _LONGEST else _shortened(part))
    return keys


def _known_parameters(loc: tuple[int | str, ...]) -> str:
    """List the parameters of the section that contains an unknown one."""
    schema = Params.model_json_schema()
    section: Any = schema
    for part in loc[:-1]:
        kinds = section.get("discriminator", {}).get("mapping", {})
        inner = section.get("properties", {}).get(part) or section.get("items")
        inner = inner or ({"$ref": kinds[part]} if part in kinds else None)
        # Layers have no tag: their keys determine the class, which names them in the location.
        inner = inner or (schema["$defs"].get(part) if "oneOf" in section else None)
        section = inner or next(iter(section.get("patternProperties", {}).values()), {})
        section = section.get("anyOf", [section])[0]  # the second alternative is null
        if "$ref" in section:
            section = schema["$defs"][section["$ref"].rpartition("/")[2]]
    names = ", ".join(section.get("properties", {}))
    return f"; expected one of {names}" if names else ""


def _shortened(value: Any) -> str:
    try:
        text = _SHORT.repr(value)
    except ValueError:  # Python does not convert integers of more than 4,300 digits to text
        return "an integer of thousands of digits"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _one_line(message: str) -> str:
    text = " ".join(message.split())
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
