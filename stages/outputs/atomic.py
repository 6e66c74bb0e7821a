"""Atomic writes: an output is complete or absent."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.outputs.signals import defer_signals

#: Function that writes a file or a folder at the given path.
Writer = Callable[[Path], object]


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Replace a file or a folder only when the new content is complete.

    Args:
        path: The output.

    Yields:
        A temporary path in the same folder, at which the caller creates a file or a folder. It
        replaces `path` at the end. After an exception it is removed and `path` stays unchanged.

    Raises:
        OSError: Writing fails, for example on a full disk. Its `filename` is the output.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".writing-{path.name}")
    _remove(draft)  # a killed process may have left it
    try:
        yield draft
        draft.lstat()  # if nothing was written, raise and keep `path`
        if path.is_dir():
            shutil.rmtree(path)  # only an empty folder can be replaced in one step
        draft.replace(path)
    except OSError as problem:
        # The error names the temporary file, or no file if it occurred while writing.
        failed = Path(str(problem.filename or draft))
        if draft in (failed, *failed.parents):
            problem.filename = str(path)
        raise
    finally:
        _remove(draft)


def write_outputs(folder: Path, writers: Mapping[str, Writer]) -> None:
    """Write several files and folders: all of them or none.

    Args:
        folder: Folder of the outputs.
        writers: Writers by name of the output, called in order.

    Raises:
        OSError: Writing fails. Its `filename` is the output.
    """
    with ExitStack() as replacing, ExitStack() as drafts:
        for name, write in writers.items():
            write(drafts.enter_context(atomic_write(folder / name)))
        replacing.enter_context(defer_signals())


def in_new_folder(write: Writer) -> Writer:
    """Return a writer that creates a folder and calls `write` on it."""

    def write_folder(folder: Path) -> None:
        folder.mkdir()
        write(folder)

    return write_folder


def folder_of(files: Mapping[str, Writer]) -> Writer:
    """Return a writer of a folder that contains the given files."""

    def write(folder: Path) -> None:
        for name, write_file in files.items():
            write_file(folder / name)

    return in_new_folder(write)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a mapping as indented JSON.

    Raises:
        ValueError: A number is not finite.
        OSError: Writing fails.
    """
    write_outputs(path.parent, {path.name: json_writer(document)})


def json_writer(document: Mapping[str, Any]) -> Writer:
    """Return a writer of a mapping as indented JSON.

    Raises:
        ValueError: A number is not finite.
    """
    text = json.dumps(document, indent=2, allow_nan=False)
    return lambda path: path.write_text(f"{text}\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that contains a mapping.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: It does not contain a mapping.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ValueError(f"{path.name} does not contain a mapping")
    return document


def read_yaml(path: Path) -> Any:
    """Read a YAML file with the parser that DVC uses.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: It is not YAML.
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
