"""Outputs that are whole or absent, and fingerprints of what made them."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from stages.provenance import start_of_process
from stages.stopping import held_back

_MARK = ".writing-"

#: Writes a file or a folder where it is told to.
Writer = Callable[[Path], object]


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Write a file or a folder that appears under its name only when it is complete.

    Yields a free path beside `path`; the caller makes a file or a folder of it. On leaving without
    an exception it takes the place of `path`; on an exception it is removed and what stood at
    `path` stays. Leftovers of a killed process are removed on the next writing.

    Args:
        path: the output.

    Yields:
        Where to write.

    Raises:
        OSError: the disk refuses (full, read-only, …); it names the output.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    draft = path.with_name(f"{_MARK}{path.name}-{os.getpid()}")
    former = path.with_name(f"{_MARK}{path.name}-former-{os.getpid()}")
    try:
        yield draft
        if path.is_dir():
            path.rename(former)  # a folder with content cannot be replaced in one step
        draft.replace(path)
    except BaseException as problem:
        if former.exists() and not path.exists():
            former.rename(path)
        if isinstance(problem, OSError):
            _name(problem, draft, path)
        raise
    finally:
        _remove(draft)
        _remove(former)


def write_outputs(folder: Path, writers: Mapping[str, Writer]) -> None:
    """Write several files and folders: all of them or, where one cannot be written, none.

    Args:
        folder: where they shall lie.
        writers: what writes each, by its name; called one after the other with where to write.

    Raises:
        OSError: the disk refuses; it names the output.
    """
    with ExitStack() as drafts:
        for name, write in writers.items():
            write(drafts.enter_context(whole(folder / name)))
        with held_back():  # a signal must not come between two of them
            drafts.close()


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a mapping as indented JSON, whole or not at all.

    Args:
        path: the file.
        document: what to write; NaN and infinity are refused.

    Raises:
        ValueError: a number is not finite.
        OSError: the disk refuses.
    """
    write_outputs(path.parent, {path.name: json_writer(document)})


def json_writer(document: Mapping[str, Any]) -> Writer:
    """Return what writes a mapping as indented JSON.

    Args:
        document: what to write; NaN and infinity are refused.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(document, indent=2, allow_nan=False)
    return lambda path: path.write_text(f"{text}\n", encoding="utf-8")


def fingerprint(parameters: Mapping[str, Any], inputs: Iterable[Path]) -> str:
    """Name a training by what determines it.

    Args:
        parameters: everything of params.yaml that the training reads.
        inputs: the data files and folders that it reads.

    Returns:
        16 hexadecimal digits, the same for the same parameters and contents.
    """
    document = {"parameters": parameters, "inputs": [dvc_md5(path) for path in inputs]}
    text = json.dumps(document, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def dvc_md5(path: Path) -> str:
    """Digest a file or a folder as DVC does, so that it equals the `md5` in dvc.lock.

    Args:
        path: an existing file or folder.

    Returns:
        The MD5 of a file; of a folder, the MD5 of DVC's listing with the suffix `.dir`.
    """
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "md5").hexdigest()
    entries = [
        {"md5": dvc_md5(file), "relpath": file.relative_to(path).as_posix()}
        for file in path.rglob("*")
        if file.is_file()
    ]
    entries.sort(key=lambda entry: entry["relpath"])
    return f"{hashlib.md5(json.dumps(entries, sort_keys=True).encode()).hexdigest()}.dir"


def _name(problem: OSError, draft: Path, path: Path) -> None:
    """Let an error name the output: writing to an open file names none, opening one its draft."""
    named = draft if problem.filename is None else Path(str(problem.filename))
    if draft in (named, *named.parents):
        problem.filename = str(path)


def _remove_leftovers(path: Path) -> None:
    form = re.compile(rf"{re.escape(_MARK + path.name)}-(?:former-)?(\d+)")
    for leftover in path.parent.glob(f"{_MARK}*"):
        found = form.match(leftover.name)
        if found:
            process = int(found[1])
            # A container gives the same number to its processes start after start.
            if process == os.getpid() or not start_of_process(process):
                _remove(leftover)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(FileNotFoundError):
            path.unlink()
