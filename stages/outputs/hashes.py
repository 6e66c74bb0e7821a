"""Hashes of files and folders as in dvc.lock, and fingerprints of training runs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def fingerprint(parameters: Mapping[str, Any], inputs: Iterable[Path]) -> str:
    """Return a hash of everything that determines a training run.

    Args:
        parameters: All parameters of the training run, including its seeds.
        inputs: Data files and folders that it reads.

    Returns:
        16 hexadecimal digits that depend only on parameters and file contents.
    """
    document = {"parameters": parameters, "inputs": [dvc_md5(path) for path in inputs]}
    text = json.dumps(document, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def dvc_md5(path: Path) -> str:
    """Hash a file or a folder as DVC does.

    Args:
        path: An existing file or folder.

    Returns:
        The MD5 of a file. For a folder, the MD5 of DVC's listing with the suffix `.dir`.
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
