"""What a stage declares of params.yaml must be at its end what it was at its beginning."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from stages.layout import PARAMS, ROOT
from stages.params import ParamsError

_ABSENT = object()


@contextmanager
def steady_params(
    stage: str, path: Path = PARAMS, workflow: Path = ROOT / "dvc.yaml"
) -> Iterator[None]:
    """Refuse what a stage has made while its own parameters were changed.

    DVC records what they are when the stage ends, as what the results were made from; so an edit
    in the midst of a training, or `dvc exp run`, which clears edits away for a moment, would leave
    results that pass for those of other parameters.

    Args:
        stage: name as DVC shows it, for example `figures-train@demo_1`.
        path: the parameters.
        workflow: the file that declares which of them the stage depends on.

    Yields:
        Nothing; the stage works meanwhile.

    Raises:
        ParamsError: a declared parameter is another one now; the stage has worked for nothing.
    """
    before = path.read_bytes() if path.exists() else b""
    yield
    after = path.read_bytes() if path.exists() else b""
    if after == before:
        return
    keys = _declared(stage, workflow)
    changed = [key for key in keys if _value(before, key) != _value(after, key)]
    if changed:
        raise ParamsError(
            f"{path.name}: {', '.join(changed)} changed while the stage was at work; "
            f"`dvc repro` runs it again with what stands there now"
        )


def _declared(stage: str, workflow: Path) -> list[str]:
    name, _, variant = stage.partition("@")
    declaration = YAML(typ="safe", pure=True).load(workflow.read_text(encoding="utf-8"))
    found = declaration["stages"].get(name, {})
    return [key.replace("${key}", variant) for key in found.get("do", found).get("params", [])]


def _value(text: bytes, key: str) -> Any:
    """Return the value of a dotted key; a mark where it, or the whole text, is not readable."""
    try:
        value = YAML(typ="safe", pure=True).load(text.decode())
    except (YAMLError, ValueError):
        return _ABSENT
    for part in key.split("."):
        value = value.get(part, _ABSENT) if isinstance(value, dict) else _ABSENT
    return value
