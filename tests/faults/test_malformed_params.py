"""A params.yaml with any content is accepted unchanged or refused in one line."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.commands.smoke import small_params
from stages.errors import ParamsError
from stages.params import load_params
from stages.paths import PARAMS
from tests.faults.malformed import as_bytes, many, read_or_refuse
from tests.workflow.project import PARAMS as YAML

TEXT = PARAMS.read_text(encoding="utf-8")
#: Sections with keys that the user chooses.
NAMES = ("datasets", "models")

Place = tuple[Any, ...]


def places_in(node: Any, place: Place = ()) -> Iterator[Place]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*place, key)
        if isinstance(value, dict | list):
            yield from places_in(value, (*place, key))


def at(node: Any, place: Place) -> Any:
    return at(node[place[0]], place[1:]) if place else node


def bomb() -> str:
    """Return a list of a few hundred bytes that expands to 9²⁴ items."""
    levels = [f"&b{n} [{', '.join([f'*b{n - 1}'] * 9)}]" for n in range(1, 25)]
    return f"[&b0 [x, x], {', '.join(levels)}]"


DOCUMENT = small_params()
PLACES = list(places_in(DOCUMENT))
KEYS = [place for place in PLACES if isinstance(place[-1], str)]
MAPPINGS = [(), *(place for place in PLACES if isinstance(at(DOCUMENT, place), dict))]
NUMBERS = [
    *(0, -1, 1, 10**13, -(10**30), 2**4000, 0.0, -0.5, 1e308, 5e-324, 1e-300),
    *(float("nan"), float("inf"), -float("inf")),
]
WORDS = ["relu", "adam", "2021-02-30", "0x10", "1e3", "null", "~", "ae", "\x1b[31m"]
junk = st.recursive(
    st.none() | st.booleans() | st.sampled_from([*NUMBERS, *WORDS]) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
CHUNKS = [
    *("\t", "\0", "\x85", "\u202e", "\ufeff", "\u2028", ": ", "- ", "{", "]", "'", '"', "&a ", "|"),
    *("\n---\n", "\n...\n", "%YAML 1.1\n---\n", "<<: *x", "*nowhere", "? [1]\n: 2\n", "\r", "#"),
    *("!!binary x", "!!bool x", "!!timestamp x", "!!set {a}", "!!omap x", "!foo ", '"\\ud800"'),
    *("9" * 5000, f"0x{'f' * 5000}", "[" * 300, "{a: " * 300, "k" * 5000, "é" * 500),
    *("!!python/object/apply:os.system ['touch run']", "&loop [*loop]", bomb()),
]


def as_text(document: Any) -> str:
    """Format a document as JSON, with NaN and infinity as in YAML."""
    text = json.dumps(document, ensure_ascii=False)
    return re.sub(r"(?<![\w\"])(-?)(NaN|Infinity)", r"\1.\2", text).replace("Infinity", "inf")


def refusal(folder: Path, content: str | bytes) -> str:
    """Return the error message, or an empty string if the content is accepted unchanged."""
    params, line = read_or_refuse(folder / "params.yaml", content, load_params, ParamsError)
    if params is not None:
        assert json.loads(params.model_dump_json()) == YAML.load(as_bytes(content).decode())
    return line


def test_the_original_content_is_accepted(tmp_path: Path) -> None:
    assert refusal(tmp_path, TEXT) == ""
    assert refusal(tmp_path, as_text(DOCUMENT)) == ""


@many
@given(place=st.sampled_from(PLACES), value=junk)
def test_any_value_is_accepted_unchanged_or_refused(
    tmp_path: Path, place: Place, value: Any
) -> None:
    document = copy.deepcopy(DOCUMENT)
    at(document, place[:-1])[place[-1]] = value
    refusal(tmp_path, as_text(document))


@many
@given(place=st.sampled_from(MAPPINGS), key=st.text(max_size=70), value=junk)
def test_an_unknown_key_is_refused(tmp_path: Path, place: Place, key: str, value: Any) -> None:
    document = copy.deepcopy(DOCUMENT)
    section = at(document, place)
    if key not in section:
        section[key] = value
        assert refusal(tmp_path, as_text(document))


@many
@given(place=st.sampled_from(KEYS))
def test_a_missing_key_is_refused_unless_a_user_chooses_it(tmp_path: Path, place: Place) -> None:
    document = copy.deepcopy(DOCUMENT)
    del at(document, place[:-1])[place[-1]]
    line = refusal(tmp_path, as_text(document))
    if len(place) < 2 or place[-2] not in NAMES:
        section = ".".join(map(str, place[:-1]))
        missing = ".".join(map(str, place))
        assert line == f"params.yaml: {missing}: missing" or f"params.yaml: {section} = " in line


@many
@given(
    start=st.integers(0, len(TEXT.encode())),
    length=st.integers(0, 40) | st.just(len(TEXT) * 2),
    content=st.sampled_from(CHUNKS) | st.text(max_size=30) | st.binary(max_size=20),
)
def test_arbitrary_bytes_are_accepted_unchanged_or_refused(
    tmp_path: Path, start: int, length: int, content: str | bytes
) -> None:
    text = TEXT.encode()
    refusal(tmp_path, text[:start] + as_bytes(content) + text[start + length :])


@pytest.mark.parametrize("chunk", CHUNKS)
def test_malicious_yaml_in_place_of_a_number_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: str
) -> None:
    monkeypatch.chdir(tmp_path)  # an executed command would create a file here
    assert refusal(tmp_path, TEXT.replace("seed: 42", f"seed: {chunk}"))
