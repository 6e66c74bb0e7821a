"""Checksums of a folder, which detect any changed byte."""

import errno
import hashlib
from pathlib import Path

__all__ = ["CHECKSUMS_NAME", "check_checksums", "write_checksums"]

CHECKSUMS_NAME = "SHA256SUMS"


def write_checksums(folder: Path) -> None:
    """Write the SHA-256 sums of all files in a folder to its file `SHA256SUMS`.

    `sha256sum --check SHA256SUMS` can verify the file.

    Args:
        folder: The folder. Files in its subfolders are included.
    """
    (folder / CHECKSUMS_NAME).write_bytes(_lines(_sums(folder)))


def check_checksums(folder: Path) -> None:
    """Check that the files in a folder are unchanged since `write_checksums`.

    Args:
        folder: The folder with its `SHA256SUMS`.

    Raises:
        FileNotFoundError: If a file or `SHA256SUMS` is missing. The error names it.
        ValueError: If a file was changed or added, or `SHA256SUMS` was changed.
    """
    content = (folder / CHECKSUMS_NAME).read_bytes()
    sums = _sums(folder)
    if content == _lines(sums):
        return
    lines = content.decode(errors="replace").splitlines()
    saved_sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if content != _lines(saved_sums):
        raise ValueError(f"{CHECKSUMS_NAME} is damaged")
    for name in sums:
        if name not in saved_sums:
            raise ValueError(f"{name} is not in {CHECKSUMS_NAME}")
    for name in saved_sums:
        if name not in sums:
            raise FileNotFoundError(errno.ENOENT, "No such file", str(folder / name))
        if saved_sums[name] != sums[name]:
            raise ValueError(f"{name} is not what was saved: its SHA-256 sum differs")


def _sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 sum of each file by its path relative to the folder."""
    files = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    files.pop(CHECKSUMS_NAME, None)
    return {name: hashlib.sha256(files[name].read_bytes()).hexdigest() for name in files}


def _lines(sums: dict[str, str]) -> bytes:
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()
