"""Checksums of a folder, by which any byte that has changed since it was written is noticed."""

import errno
import hashlib
from pathlib import Path

__all__ = ["CHECKSUMS_NAME", "check_checksums", "write_checksums"]

CHECKSUMS_NAME = "SHA256SUMS"


def write_checksums(folder: Path) -> None:
    """Write the SHA-256 sums of all files of a folder beside them.

    `sha256sum --check SHA256SUMS` understands the file.

    Args:
        folder: Complete but for `SHA256SUMS`; folders within it count.
    """
    (folder / CHECKSUMS_NAME).write_bytes(_lines(_sums(folder)))


def check_checksums(folder: Path) -> None:
    """Check that the files of a folder are those that `write_checksums` saw, byte for byte.

    Args:
        folder: With its `SHA256SUMS`.

    Raises:
        FileNotFoundError: Naming a file, or `SHA256SUMS` itself, that is missing.
        ValueError: If a file was changed or added, or `SHA256SUMS` itself was changed.
    """
    content = (folder / CHECKSUMS_NAME).read_bytes()
    found = _sums(folder)
    if content == _lines(found):
        return
    lines = content.decode(errors="replace").splitlines()
    saved = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if content != _lines(saved):
        raise ValueError(f"{CHECKSUMS_NAME} is damaged")
    for name in found:
        if name not in saved:
            raise ValueError(f"{name} is not in {CHECKSUMS_NAME}")
    for name in saved:
        if name not in found:
            raise FileNotFoundError(errno.ENOENT, "No such file", str(folder / name))
        if saved[name] != found[name]:
            raise ValueError(f"{name} is not what was saved: its SHA-256 sum is another")


def _sums(folder: Path) -> dict[str, str]:
    """Return the sum of each file by its name."""
    files = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    files.pop(CHECKSUMS_NAME, None)
    return {name: hashlib.sha256(files[name].read_bytes()).hexdigest() for name in files}


def _lines(sums: dict[str, str]) -> bytes:
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()
