"""How long every stage took when it last ran here."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from stages.layout import timing
from stages.outputs import write_json


@dataclass(frozen=True)
class Timing:
    """How long a stage took when it last ran here.

    Attributes:
        seconds: from its start to its closing line.
        ended: when that was, UTC.
    """

    seconds: float
    ended: datetime


def keep_timing(stage: str, seconds: float) -> None:
    """Remember how long a stage took that has just ended well.

    Args:
        stage: name as DVC shows it, for example `figures-train@demo_1`.
        seconds: how long it took.

    Raises:
        OSError: the disk refuses.
    """
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(timing(stage), {"seconds": round(seconds, 2), "ended": ended})


def last_timing(stage: str) -> Timing | None:
    """Return how long a stage took when it last ran here; None if that is unknown.

    It is where DVC restored the stage from its cache, or git brought its results.

    Args:
        stage: name as DVC shows it.
    """
    try:
        found = json.loads(timing(stage).read_text(encoding="utf-8"))
        return Timing(float(found["seconds"]), datetime.fromisoformat(found["ended"]))
    except (OSError, ValueError, TypeError, KeyError):  # a damaged one is worth no more
        return None
