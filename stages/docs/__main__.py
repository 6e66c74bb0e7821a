"""Command `make docs`: write the tables, numbers and pictures of README.md and `docs/`."""

from stages.commands.command_line import run_command
from stages.docs.durations import save_durations
from stages.docs.pages import generated_files
from stages.docs.pictures import draw_pictures
from stages.docs.sources import save_sources


def docs() -> str:
    """Write everything that is generated; the results must be those of dvc.lock."""
    save_sources()
    save_durations()
    draw_pictures()
    changed = [
        path.name
        for path, text in generated_files()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in generated_files():
        path.write_text(text, encoding="utf-8")
    return f"changed {', '.join(changed) or 'no page'}"


if __name__ == "__main__":
    run_command("docs", docs)
