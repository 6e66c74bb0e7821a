"""Detection of parameters that are edited while a stage runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from stages.errors import ParamsError
from stages.paths import PARAMS, WORKFLOW

_ABSENT = object()


@contextmanager
def guard_params(stage: str, path: Path = PARAMS, workflow: Path = WORKFLOW) -> Iterator[None]:
    """Fail if a parameter of a stage changes while it runs.

    DVC reads the parameters when a stage ends. If they change during the stage, by an edit or by a
    `dvc exp run` that stashes edits, DVC would record the results under the wrong parameters.

    Args:
        stage: Name as DVC shows it, for example `figures-train@demo_1`.
        path: The parameter file.
        workflow: The file that declares the parameters of the stage.

    Raises:
        ParamsError: A declared parameter has changed.
    """
    before = _text(path)
    yield
    after = _text(path)
    if after == before:
        return
    old, new = _document(before), _document(after)
    changed = [
        key for key in _declared(stage, workflow, old) if _value(old, key) != _value(new, key)
    ]
    if changed:
        raise ParamsError(
            f"{path.name}: {', '.join(changed)} changed while the stage ran; "
            f"rerun it with `dvc repro`"
        )


def _declared(stage: str, workflow: Path, params: Any) -> list[str]:
    """Return the parameters that a stage declares in dvc.yaml."""
    name, _, variant = stage.partition("@")
    declaration = ((_document(_text(workflow)) or {}).get("stages") or {}).get(name, {})
    keys = declaration.get("do", declaration).get("params", [])
    items = _value(params, str(declaration.get("foreach", "")).strip("${}"))
    item = items.get(variant, {}) if isinstance(items, dict) else {}
    dataset = item.get("dataset", "")
    return [key.replace("${key}", variant).replace("${item.dataset}", dataset) for key in keys]


def _text(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _document(text: bytes) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text.decode())
    except (YAMLError, ValueError):
        return None


def _value(document: Any, key: str) -> Any:
    """Return the value of a dotted key, or `_ABSENT`."""
    for part in key.split("."):
        document = document.get(part, _ABSENT) if isinstance(document, dict) else _ABSENT
    return document
