"""Outputs that are complete or absent, never half-written."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.outputs.signals import defer_signals

#: Writes a file or a folder at the path that it is given.
Writer = Callable[[Path], object]


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write a file or a folder that appears under its name only when it is complete.

    Args:
        path: the output.

    Yields:
        A free path beside `path`, at which the caller makes a file or a folder. Without an
        exception it replaces `path`; on an exception it is removed and `path` stays as it was.

    Raises:
        OSError: the disk refuses (full, read-only, …); `filename` is the output.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".writing-{path.name}")
    _remove(draft)  # a killed process left it
    try:
        yield draft
        draft.lstat()  # if it was never written, `path` stays
        if path.is_dir():
            shutil.rmtree(path)  # a folder with content cannot be replaced in one step
        draft.replace(path)
    except OSError as problem:
        # Writing to an open file names no file; opening one names its draft.
        named = Path(str(problem.filename or draft))
        if draft in (named, *named.parents):
            problem.filename = str(path)
        raise
    finally:
        _remove(draft)


def write_outputs(folder: Path, writers: Mapping[str, Writer]) -> None:
    """Write several files and folders: all of them or, if one cannot be written, none.

    Args:
        folder: where they lie.
        writers: by name, what writes each; called in order, each with the path to write.

    Raises:
        OSError: the disk refuses; `filename` is the output.
    """
    with ExitStack() as replacing, ExitStack() as drafts:
        for name, write in writers.items():
            write(drafts.enter_context(atomic_write(folder / name)))
        replacing.enter_context(defer_signals())


def in_new_folder(write: Writer) -> Writer:
    """Return a writer that makes a folder, which `write` then fills."""

    def write_folder(folder: Path) -> None:
        folder.mkdir()
        write(folder)

    return write_folder


def folder_of(files: Mapping[str, Writer]) -> Writer:
    """Return a writer of a folder with these files."""

    def write(folder: Path) -> None:
        for name, write_file in files.items():
            write_file(folder / name)

    return in_new_folder(write)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a mapping as indented JSON.

    Raises:
        ValueError: a number is not finite.
        OSError: the disk refuses.
    """
    write_outputs(path.parent, {path.name: json_writer(document)})


def json_writer(document: Mapping[str, Any]) -> Writer:
    """Return a writer of a mapping as indented JSON.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(document, indent=2, allow_nan=False)
    return lambda path: path.write_text(f"{text}\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds a mapping.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it holds no mapping.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ValueError(f"{path.name} holds no mapping")
    return document


def read_yaml(path: Path) -> Any:
    """Read a YAML file with the parser that DVC uses.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it is not YAML.
    """
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as problem:
        raise ValueError(f"not YAML: {' '.join(str(problem).split())}") from None


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
