"""The pictures of the page, which it carries within itself."""

import base64
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Pictures are drawn for 150 dots an inch, a page has 96.
_SCALE = 96 / 150


@dataclass(frozen=True)
class Picture:
    """A picture as the page carries it.

    Attributes:
        address: the whole picture as a `data:` address.
        caption: what it shows.
        width: in the page's pixels.
        height: in the page's pixels.
    """

    address: str
    caption: str
    width: int
    height: int


def read_pictures(
    root: Path, wanted: Mapping[str, str], roles: Mapping[str, str | None]
) -> list[Picture]:
    """Read the pictures of a chapter, those that there are.

    Args:
        root: folder that the files are relative to.
        wanted: files with their captions, in which `{role}` stands for the variant that plays it.
        roles: the variants by role; what wants a role that nobody plays is left out.

    Raises:
        ValueError: a file is no PNG picture.
    """
    played = {role: variant for role, variant in roles.items() if variant is not None}
    there = {
        root / file.format_map(played): caption.format_map(played)
        for file, caption in wanted.items()
        if all(f"{{{role}}}" not in file for role in roles.keys() - played.keys())
    }
    return [_picture(file, caption) for file, caption in there.items() if file.exists()]


def _picture(file: Path, caption: str) -> Picture:
    content = file.read_bytes()
    if not content.startswith(_SIGNATURE) or len(content) < 24:
        raise ValueError(f"{file.name} is no PNG picture")
    width, height = struct.unpack(">II", content[16:24])  # the first chunk is the header
    text = base64.b64encode(content).decode("ascii")
    return Picture(
        f"data:image/png;base64,{text}", caption, round(_SCALE * width), round(_SCALE * height)
    )
