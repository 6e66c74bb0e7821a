"""Writer of plots as PNG files."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from stages.outputs.atomic import Writer, in_new_folder

if TYPE_CHECKING:
    from pipelines.pictures import Figure


def plots_writer(figures: "Iterable[tuple[str, Figure]]") -> Writer:
    """Return a writer of a folder of PNG files.

    Args:
        figures: Name and figure of each plot. A generator draws them when the folder is written.
    """

    def write(folder: Path) -> None:
        from pipelines.pictures import save_picture

        for name, figure in figures:
            save_picture(figure, folder / f"{name}.png")

    return in_new_folder(write)
