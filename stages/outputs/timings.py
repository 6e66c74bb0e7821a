"""Duration of the last run of each stage in this checkout."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stages.outputs.atomic import write_json
from stages.paths import SCRATCH


@dataclass(frozen=True)
class Timing:
    """The last run of a stage.

    Attributes:
        seconds: Duration in seconds.
        ended: End of the run, in UTC.
    """

    seconds: float
    ended: datetime


def save_timing(stage: str, seconds: float) -> None:
    """Save the duration of a stage that has just ended.

    Args:
        stage: Name as DVC shows it, for example `figures-train@demo_1`.
        seconds: Duration in seconds.

    Raises:
        OSError: Writing fails.
    """
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(_file(stage), {"seconds": round(seconds, 2), "ended": ended})


def last_timing(stage: str) -> Timing | None:
    """Return the last run of a stage, or None if it never ran in this checkout.

    Args:
        stage: Name as DVC shows it.
    """
    try:
        document = json.loads(_file(stage).read_text(encoding="utf-8"))
        return Timing(float(document["seconds"]), datetime.fromisoformat(document["ended"]))
    except (OSError, ValueError, TypeError, KeyError):  # ignore a damaged file
        return None


def _file(stage: str) -> Path:
    return SCRATCH / "timings" / f"{stage}.json"
