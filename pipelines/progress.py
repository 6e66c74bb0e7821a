"""Progress of long work, with rate and time left: shown on a terminal, nowhere else."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["progress", "progress_bar"]

_Item = TypeVar("_Item")


def progress(items: Sequence[_Item], what: str) -> Iterator[_Item]:
    """Iterate over items, and show progress and the remaining time on a terminal.

    Args:
        items: What the work goes through, one by one.
        what: What is done, in a few words.

    Yields:
        The items.

    Example:
        >>> sum(progress([1, 2, 3], "adding"))
        6
    """
    with progress_bar(what, len(items)) as show:
        for done, item in enumerate(items, start=1):
            yield item
            show(done, "")


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int, str], None]]:
    """Show a bar on a terminal, which is gone when the work has ended.

    Args:
        what: What is done, in a few words.
        total: When it is done.

    Yields:
        To be called with how much is done, and a note to show beside it.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console()
    columns = (
        TextColumn(what),
        MofNCompleteColumn(),
        BarColumn(bar_width=20),  # with a note in a window of 80 characters
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=total, rate="", note="")

        def show(done: int, note: str) -> None:
            bar.update(task, completed=done, note=note, rate=_rate(bar.tasks[0].speed))

        yield show


def _rate(speed: float | None) -> str:
    """Write how many are done in a second, or how many seconds one takes."""
    if not speed:
        return ""
    if speed < 1:
        return f"{1 / speed:.1f} s each"
    return f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s"
