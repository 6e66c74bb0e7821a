"""The typed schema of params.yaml; what does not fit it stops with one line.

`python -m stages.params` checks the file, as `make repro` does before any stage runs.
"""

import reprlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from stages.digits.params import Digits
from stages.figures.params import Figures
from stages.imbalance.params import Imbalance
from stages.layout import PARAMS
from stages.section import Section


class Params(Section):
    """Everything a user changes."""

    seed: int = Field(
        ge=0, lt=2**32, description="the one seed from which every stage derives its own"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        description="where torch trains; not tracked, so changing it reruns nothing"
    )
    figures: Figures = Field(description="generated figures and the network from scratch")
    digits: Digits = Field(description="MNIST, the verifier and the autoencoders")
    imbalance: Imbalance = Field(description="a power grid's imbalance and what forecasts it")

    @property
    def variants(self) -> dict[str, Mapping[str, Section]]:
        """The variants of every pipeline, by the names that their results have."""
        return {
            "figures": self.figures.networks,
            "digits": self.digits.autoencoders,
            "imbalance": self.imbalance.variants,
        }


#: Signs of a value, or of a key, that a message repeats.
LONGEST_VALUE = 60
#: Does not follow aliases of aliases of aliases to their end.
SHORT = reprlib.Repr()
SHORT.maxlevel, SHORT.maxstring, SHORT.maxother = 3, LONGEST_VALUE, LONGEST_VALUE


class ParamsError(ValueError):
    """Raised when params.yaml cannot be read or does not fit the schema; one line."""


def load_params(path: Path = PARAMS) -> Params:
    """Read and check a parameter file.

    Args:
        path: a YAML 1.2 file, read with the parser that DVC uses.

    Returns:
        The parameters.

    Raises:
        ParamsError: one line that names the file, the parameter, its value and what is accepted.
    """
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{path.name}: there is no such file in {path.parent}") from None
    except OSError as error:
        raise ParamsError(f"{path.name}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ParamsError(f"{path.name}: not UTF-8 text ({error.reason})") from None
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ParamsError(f"{path.name}: {line}{_one_line(error.problem)}") from None
    except (YAMLError, ValueError) as error:
        raise ParamsError(f"{path.name}: not YAML: {_one_line(error)}") from None
    except RecursionError:
        raise ParamsError(f"{path.name}: nested too deeply") from None
    except (KeyError, AttributeError, TypeError) as error:  # of a tag such as `!!bool maybe`
        raise ParamsError(f"{path.name}: a tag without its value: {_one_line(error)}") from None
    try:
        return Params.model_validate(document)
    except ValidationError as error:
        raise ParamsError(f"{path.name}: {_one_line(_explain(error, document))}") from None


def _explain(error: ValidationError, document: Any) -> str:
    """Say the first problem in one line, and how many more there are."""
    problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    by_place: dict[str, list[Any]] = {}
    for problem in problems:
        place = ".".join(_keys_in_document(problem["loc"], document)) or "the file"
        by_place.setdefault(place, []).append(problem)
    # Where a value may be a number or a list, a wrong entry of a list says more than "no number".
    by_place = {
        place: here
        for place, here in by_place.items()
        if not any(other.startswith(f"{place}.") for other in by_place)
    }
    place, here = next(iter(by_place.items()))
    first = here[0]
    if first["type"] == "extra_forbidden":
        line = f"{place}: unknown parameter{_siblings(first['loc'])}"
    elif first["type"] == "missing":
        line = f"{place}: missing"
    elif first["type"] == "value_error":
        line = f"{place}: {first['ctx']['error']}"
    else:
        accepted = dict.fromkeys(_accepted(problem) for problem in here)
        line = f"{place} = {_shortened(first['input'])}: accepted is {', or '.join(accepted)}"
    more = len(by_place) - 1
    return f"{line} (and {more} more)" if more else line


def _accepted(problem: Any) -> str:
    """Say what would be accepted, in the words of params.yaml rather than of pydantic."""
    match problem["type"]:
        case "model_type" | "dict_type" | "model_attributes_type":
            return "a mapping"
        case "string_pattern_mismatch":
            return "a name of small letters, digits and underscores that begins with a letter"
        case "union_tag_invalid":
            of = problem["ctx"]
            known, found = of["expected_tags"], _shortened(of["tag"])
            return f"a {of['discriminator']} among {known}, not {found}"
        case "union_tag_not_found":
            return f"a mapping with {problem['ctx']['discriminator']}"
        case "too_short":
            return f"a length of at least {problem['ctx']['min_length']}"
        case "too_long":
            return f"a length of at most {problem['ctx']['max_length']}"
        case _:
            words: str = problem["msg"]
            return words.removeprefix("Input should be ").removeprefix("a valid ")


def _keys_in_document(loc: tuple[int | str, ...], document: Any) -> list[str]:
    """Leave out of pydantic's location the names of union members, which no file contains."""
    keys: list[str] = []
    here = document
    for position, part in enumerate(loc):
        if part == "[key]":
            continue
        inside = (isinstance(here, dict) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        )
        if inside:
            here = here[part]
        elif not (isinstance(here, dict) and position == len(loc) - 1):
            continue
        keys.append(str(part) if len(str(part)) <= LONGEST_VALUE else _shortened(part))
    return keys


def _siblings(loc: tuple[int | str, ...]) -> str:
    """Name the parameters that are known where an unknown one stands."""
    section: Any = Params
    for part in loc[:-1]:
        if get_origin(section) in (dict, list):
            section = get_args(section)[-1]
            continue
        fields = getattr(section, "model_fields", {})
        if part not in fields:
            return ""
        section = fields[part].annotation
    known = ", ".join(getattr(section, "model_fields", {}))
    return f"; known here: {known}" if known else ""


def _shortened(value: Any) -> str:
    try:
        text = SHORT.repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "an integer of thousands of digits"
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _one_line(message: object) -> str:
    text = " ".join(str(message).split())
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


if __name__ == "__main__":
    try:
        load_params()
    except ParamsError as problem:
        sys.exit(str(problem))
