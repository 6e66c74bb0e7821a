"""How long every stage took when it last ran here."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stages.outputs.atomic import write_json
from stages.paths import SCRATCH


@dataclass(frozen=True)
class Timing:
    """The last run of a stage on this machine.

    Attributes:
        seconds: how long it took.
        ended: when it ended, UTC.
    """

    seconds: float
    ended: datetime


def save_timing(stage: str, seconds: float) -> None:
    """Save how long a stage took that has just ended.

    Args:
        stage: name as DVC shows it, for example `figures-train@demo_1`.
        seconds: how long it took.

    Raises:
        OSError: the disk refuses.
    """
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(_file(stage), {"seconds": round(seconds, 2), "ended": ended})


def last_timing(stage: str) -> Timing | None:
    """Return the last run of a stage; None if DVC restored it or git brought its results.

    Args:
        stage: name as DVC shows it.
    """
    try:
        found = json.loads(_file(stage).read_text(encoding="utf-8"))
        return Timing(float(found["seconds"]), datetime.fromisoformat(found["ended"]))
    except (OSError, ValueError, TypeError, KeyError):  # a damaged file counts as none
        return None


def _file(stage: str) -> Path:
    return SCRATCH / "timings" / f"{stage}.json"
