"""A progress bar over the epochs of a training, for a person at a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.figures.network.training import OnEpoch

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(epochs: int) -> Iterator[OnEpoch]:
    """Show a bar that advances whenever the function it yields is called; none off a terminal.

    Args:
        epochs: number of epochs of a full bar.
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
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=epochs)

        def advance(epoch: int, row: dict[str, float]) -> None:
            scores = "  ".join(f"{name} {row[name]:.4f}" for name in row if name != "epoch")
            progress.update(task, completed=epoch, description=scores)

        yield advance
