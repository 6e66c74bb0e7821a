"""Artifact paths of the SQLite store, which MLflow saves as absolute paths."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Every column in which MLflow saves the path of an artifact.
_PATHS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def follow_project(database: Path) -> str:
    """Update the artifact paths of a store that was moved or copied.

    Otherwise new runs would write to the former folder.

    Args:
        database: an existing SQLite file.

    Returns:
        A message in one line; empty if the store was not moved.

    Raises:
        sqlite3.Error: the database cannot be read or written. It stays unchanged.
    """
    if database.is_symlink():  # another project may share it
        return ""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        if not connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'experiments'"
        ).fetchone():
            return ""
        locations = connection.execute("SELECT name, artifact_location FROM experiments")
        roots = {_root(name, location) for name, location in locations}
        former = roots - {None, database.parent / "mlruns"}
        for old in former:
            new = database.parent / "mlruns"
            for before, after in ((old.as_uri(), new.as_uri()), (str(old), str(new))):
                for table, column in _PATHS:
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                        f"WHERE {column} LIKE ? || '/%'",
                        (after, len(before) + 1, before),
                    )
    if not former:
        return ""
    places = ", ".join(str(old.parent) for old in former)
    return f"{database.name} was made in {places}; its artifacts are now in {database.parent.name}/"


def _root(experiment: str, location: str) -> Path | None:
    """Return the `mlruns` folder of an experiment that this project created."""
    path = Path(unquote(urlsplit(location).path))
    ours = path.name == experiment and path.parent.name == "mlruns"
    return path.parent if ours and location.startswith("file:") else None
