"""The artifact paths of a SQLite store, which are absolute, follow a project that was moved."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from filelock import FileLock

#: Every column in which MLflow keeps the path of an artifact.
_PATHS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
_SECONDS_TO_WAIT = 60  # while others write


def follow_project(database: Path) -> str:
    """Let a store whose folder was moved or copied keep its artifacts beside itself again.

    Else new runs would write into the former folder. Where that was is told by the experiments,
    whose artifacts `stages.store` puts into `mlruns/<name>` beside the database.

    Args:
        database: the SQLite file; it may be missing.

    Returns:
        What was done and what is lost, in one line; nothing if the store lies where it was made.

    Raises:
        OSError: the database cannot be read or written; it is as it was.
    """
    if not database.exists() or database.is_symlink():  # it may be shared with another project
        return ""
    try:
        if not former_folders(database):
            return ""
        with FileLock(f"{database}.lock"):
            former = former_folders(database)  # another process may have been faster
            for folder in former:
                _replace(database, folder)
    except sqlite3.Error as problem:
        raise OSError(f"{database.name}: {problem}") from problem
    if not former:
        return ""
    return (
        f"{database.name} was made in {', '.join(map(str, former))}; "
        f"its artifacts are now looked for, and written, here{_lost(database)}"
    )


def former_folders(database: Path) -> list[Path]:
    """Return the folders other than the database's own in which it believes its artifacts to be."""
    with closing(sqlite3.connect(database, timeout=_SECONDS_TO_WAIT)) as connection:
        if not connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'experiments'"
        ).fetchone():
            return []
        experiments = connection.execute("SELECT name, artifact_location FROM experiments")
        places = [(name, _path(address)) for name, address in experiments]
    folders = {
        place.parents[1]
        for name, place in places
        if place and place.name == name and place.parent.name == "mlruns"
    }
    return sorted(folders - {database.parent})


def _replace(database: Path, former: Path) -> None:
    """Replace the former folder in all paths, or, if something fails, in none."""
    with closing(sqlite3.connect(database, timeout=_SECONDS_TO_WAIT)) as connection, connection:
        for old, new in _beginnings(former, database.parent):
            for table, column in _PATHS:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                    f"WHERE substr({column}, 1, ?) = ?",
                    (new, len(old) + 1, len(old), old),
                )


def _beginnings(former: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what paths begin with and shall begin with: as addresses, then as plain paths."""
    old, new = former / "mlruns", folder / "mlruns"
    yield f"{old.as_uri()}/", f"{new.as_uri()}/"
    yield f"{old}/", f"{new}/"


def _lost(database: Path) -> str:
    """Say for how many runs that ended there are no artifacts where the store looks for them."""
    with closing(sqlite3.connect(database, timeout=_SECONDS_TO_WAIT)) as connection:
        runs = connection.execute("SELECT artifact_uri FROM runs WHERE status = 'FINISHED'")
        places = [_path(address) for (address,) in runs]
    lost = sum(place is not None and not place.exists() for place in places)
    if not lost:
        return ""
    runs = f"{lost} earlier run{'s' * (lost > 1)}"
    return f"; pictures and models of {runs} are lost unless you bring mlruns/ here, too"


def _path(address: str) -> Path | None:
    parts = urlsplit(address)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None
