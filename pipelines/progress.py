"""Progress bars with rate and remaining time, shown on a terminal only."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["progress", "progress_bar"]

_Item = TypeVar("_Item")


def progress(items: Sequence[_Item], what: str) -> Iterator[_Item]:
    """Iterate over items and show a progress bar on a terminal.

    Args:
        items: The items to iterate over.
        what: Short description of the work.

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
    """Show a progress bar on a terminal, and remove it at the end.

    Args:
        what: Short description of the work.
        total: Number of units of work.

    Yields:
        A function that updates the bar, given the number of completed units and a note to show
        beside the bar.
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
        BarColumn(bar_width=20),  # leaves room for a note in 80 columns
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
    """Return the rate as units per second, or seconds per unit if slower than one per second."""
    if not speed:
        return ""
    if speed < 1:
        return f"{1 / speed:.1f} s each"
    return f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s"
