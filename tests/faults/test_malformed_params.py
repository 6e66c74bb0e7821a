"""Whatever stands in params.yaml, it is accepted as it reads or refused in one line."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from stages.layout import PARAMS
from stages.params import ParamsError, load_params

TEXT = PARAMS.read_text(encoding="utf-8")
NAMES = ("datasets", "networks", "autoencoders", "variants")
"""Sections whose keys are a user's own, so that one more or less may be right."""

many = settings(
    max_examples=70,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

Place = tuple[Any, ...]


def parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def small_document() -> dict[str, Any]:
    """The project's own parameters with two of everything that has a name."""
    document = parsed(TEXT)
    datasets = document["figures"]["datasets"]
    for section in ("figures", "digits", "imbalance"):
        for name in NAMES:
            if name in document[section]:
                document[section][name] = dict(list(document[section][name].items())[:2])
    used = {network["dataset"] for network in document["figures"]["networks"].values()}
    document["figures"]["datasets"] = {name: datasets[name] for name in used}
    document["imbalance"]["reference"] = next(iter(document["imbalance"]["variants"]))
    return document


def places_in(node: Any, place: Place = ()) -> Iterator[Place]:
    if place:
        yield place
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from places_in(value, (*place, key))
        else:
            yield (*place, key)


def at(node: Any, place: Place) -> Any:
    return at(node[place[0]], place[1:]) if place else node


def bomb() -> str:
    """A list of a few hundred bytes which, written out, would have 9²⁴ items."""
    levels = [f"&b{n} [{', '.join([f'*b{n - 1}'] * 9)}]" for n in range(1, 25)]
    return f"[&b0 [x, x], {', '.join(levels)}]"


DOCUMENT = small_document()
PLACES = list(places_in(DOCUMENT))
MAPPINGS = [(), *(place for place in PLACES if isinstance(at(DOCUMENT, place), dict))]

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, -1, 1, 10**13, -(10**30), 2**4000, 0.0, -0.5, 1e308, 5e-324, 1e-300])
    | st.sampled_from([float("nan"), float("inf"), -float("inf")])
    | st.text(max_size=20)
    | st.sampled_from(["relu", "adam", "2021-02-30", "0x10", "1e3", "null", "~", "ae", "\x1b[31m"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)

CHUNKS = [
    *("\t", "\0", "\x85", "\u202e", "\ufeff", "\u2028", ": ", "- ", "{", "]", "'", '"', "&a ", "|"),
    *("\n---\n", "\n...\n", "%YAML 1.1\n---\n", "<<: *x", "*nowhere", "? [1]\n: 2\n", "\r", "#"),
    *("!!binary x", "!!bool x", "!!timestamp x", "!!set {a}", "!!omap x", "!foo ", '"\\ud800"'),
    "!!python/object/apply:os.system ['touch run']",
    *("9" * 5000, f"0x{'f' * 5000}", "[" * 300, "{a: " * 300, "k" * 5000, "é" * 500),
    "&loop [*loop]",
    bomb(),
]


def as_text(document: Any) -> str:
    """Write a document as JSON, which is YAML, but for numbers that are none."""
    text = json.dumps(document, ensure_ascii=False)
    return re.sub(r"(?<![\w\"])(-?)(NaN|Infinity)", r"\1.\2", text).replace("Infinity", "inf")


def outcome(folder: Path, content: str | bytes) -> str:
    """Read a file of this content; return the refusal, or nothing where it is accepted as it is."""
    path = folder / "params.yaml"
    written = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    path.write_bytes(written)
    try:
        params = load_params(path)
    except ParamsError as refusal:
        line = str(refusal)
        assert line.startswith("params.yaml: ")
        assert line.isprintable()
        assert len(line) < 1000
        return line
    finally:
        assert [file.name for file in folder.iterdir()] == ["params.yaml"]
        assert path.read_bytes() == written
    assert json.loads(params.model_dump_json()) == parsed(written.decode("utf-8"))
    return ""


def test_what_is_mutated_is_accepted_before(tmp_path: Path) -> None:
    assert outcome(tmp_path, TEXT) == ""
    assert outcome(tmp_path, as_text(DOCUMENT)) == ""


@many
@given(place=st.sampled_from(PLACES), value=junk)
def test_any_value_anywhere_is_accepted_as_it_reads_or_refused(
    tmp_path: Path, place: Place, value: Any
) -> None:
    document = copy.deepcopy(DOCUMENT)
    at(document, place[:-1])[place[-1]] = value
    outcome(tmp_path, as_text(document))


@many
@given(place=st.sampled_from(MAPPINGS), key=st.text(max_size=70), value=junk)
def test_an_unknown_key_anywhere_is_refused(
    tmp_path: Path, place: Place, key: str, value: Any
) -> None:
    document = copy.deepcopy(DOCUMENT)
    section = at(document, place)
    if key in section:
        return
    section[key] = value
    assert outcome(tmp_path, as_text(document))


@many
@given(place=st.sampled_from([place for place in PLACES if isinstance(place[-1], str)]))
def test_a_missing_key_anywhere_is_refused_but_for_a_name(tmp_path: Path, place: Place) -> None:
    document = copy.deepcopy(DOCUMENT)
    del at(document, place[:-1])[place[-1]]
    refusal = outcome(tmp_path, as_text(document))
    if len(place) < 2 or place[-2] not in NAMES:
        section, key = ".".join(map(str, place[:-1])), place[-1]
        lacking = f"params.yaml: {section}.{key}: missing".replace(": .", ": ")
        assert refusal == lacking or refusal.startswith(f"params.yaml: {section} = ")


@many
@given(
    start=st.integers(0, len(TEXT)),
    length=st.integers(0, 40),
    chunk=st.sampled_from(CHUNKS) | st.text(max_size=30),
)
def test_any_text_anywhere_is_accepted_as_it_reads_or_refused(
    tmp_path: Path, start: int, length: int, chunk: str
) -> None:
    outcome(tmp_path, TEXT[:start] + chunk + TEXT[start + length :])


@many
@given(start=st.integers(0, len(TEXT)), content=st.binary(max_size=20), cut=st.booleans())
def test_any_bytes_anywhere_are_accepted_as_they_read_or_refused(
    tmp_path: Path, start: int, content: bytes, cut: bool
) -> None:
    whole = TEXT.encode()
    outcome(tmp_path, whole[:start] + content + (b"" if cut else whole[start:]))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_every_known_trick_is_refused_in_place_of_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: str
) -> None:
    monkeypatch.chdir(tmp_path)  # where one of them would leave a trace
    assert outcome(tmp_path, TEXT.replace("seed: 42", f"seed: {chunk}"))
