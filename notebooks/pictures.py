"""Run the notebooks and save their pictures: `python notebooks/pictures.py`."""

import runpy
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from pipelines.pictures import save_picture

NOTEBOOKS = ("figures", "digits", "imbalance")
FOLDER = Path(__file__).parents[1] / "docs" / "pictures"


def run_notebook(name: str) -> dict[str, Any]:
    """Run a notebook as a script and return its variables."""
    return runpy.run_path(str(Path(__file__).with_name(f"{name}.py")))


def notebook_pictures(name: str, variables: dict[str, Any]) -> dict[str, Figure]:
    """Return each figure among a notebook's variables, by the name of its file."""
    return {
        f"notebook_{name}_{variable}.png": value
        for variable, value in variables.items()
        if isinstance(value, Figure)
    }


def main() -> None:
    """Draw the pictures of all notebooks again."""
    FOLDER.mkdir(exist_ok=True)
    for name in NOTEBOOKS:
        for file, figure in notebook_pictures(name, run_notebook(name)).items():
            save_picture(figure, FOLDER / file)


if __name__ == "__main__":
    main()
