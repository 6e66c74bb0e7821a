"""Writes pictures as PNG files."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from stages.outputs.atomic import Writer, in_new_folder

if TYPE_CHECKING:
    from pipelines.pictures import Figure


def plots_writer(figures: "Iterable[tuple[str, Figure]]") -> Writer:
    """Return the writer of a folder of pictures.

    Args:
        figures: name and figure of each; drawn when the folder is written.
    """

    def write(folder: Path) -> None:
        from pipelines.pictures import save_picture

        for name, figure in figures:
            save_picture(figure, folder / f"{name}.png")

    return in_new_folder(write)
