"""What a later `publish` has to know of runs that the tracking store did not take.

Their results lie under `results/`; what is kept here is when they were made, from which commit and
from which parameters, which nobody could tell later.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from stages.layout import UNSENT
from stages.outputs import write_json


@dataclass(frozen=True)
class Unsent:
    """What is kept of a run.

    Attributes:
        tags: of the run, as its training had them.
        params: the text of params.yaml.
    """

    tags: dict[str, str]
    params: str


_UNSENT = TypeAdapter(Unsent)


def keep_for_later(unsent: Unsent) -> None:
    """Keep what is known of a run; its variant and its fingerprint are what it is found by."""
    with suppress(OSError):  # then it is published as one that was restored
        write_json(_file(unsent.tags["variant"], unsent.tags["fingerprint"]), asdict(unsent))


def kept(variant: str, fingerprint: str) -> Unsent | None:
    """Return what was kept of a run, if anything."""
    try:
        return _UNSENT.validate_json(_file(variant, fingerprint).read_bytes())
    except (OSError, ValidationError):
        return None


def forget(variant: str, fingerprint: str) -> None:
    """Forget a run that the store has now."""
    with suppress(OSError):
        _file(variant, fingerprint).unlink(missing_ok=True)


def _file(variant: str, fingerprint: str) -> Path:
    # Variants of the same settings have the same fingerprint.
    return UNSENT / f"{variant}-{fingerprint}.json"
