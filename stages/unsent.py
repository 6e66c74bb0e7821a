"""What a later `publish` has to know of runs that the tracking store did not take.

Their results lie under `results/`; what is kept here is when they were made, from which commit and
from which parameters, which nobody could tell later.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from stages.layout import PARAMS, PROJECT
from stages.outputs import write_json


@dataclass(frozen=True)
class Unsent:
    """What is kept of a run.

    Attributes:
        tags: of the run.
        run: its id, if the store knew it before it failed.
        params: the text of params.yaml.
    """

    tags: dict[str, str]
    run: str
    params: str


_UNSENT = TypeAdapter(Unsent)


def keep_for_later(tags: Mapping[str, str], run: str) -> None:
    """Keep a run's tags, and the parameters as they are now.

    Args:
        tags: of the run; its fingerprint is what it is found by.
        run: its id, if the store has given one.
    """
    with suppress(OSError):  # then it is published with the tags of that moment
        params = PARAMS.read_text(encoding="utf-8")
        write_json(_file(tags["fingerprint"]), asdict(Unsent(dict(tags), run, params)))


def kept(fingerprint: str) -> Unsent | None:
    """Return what was kept of a run, if anything."""
    try:
        return _UNSENT.validate_json(_file(fingerprint).read_bytes())
    except (OSError, ValidationError):
        return None


def forget(fingerprint: str) -> None:
    """Forget a run that the store has now."""
    with suppress(OSError):
        _file(fingerprint).unlink(missing_ok=True)


def _file(fingerprint: str) -> Path:
    return PROJECT / ".scratch" / "unsent" / f"{fingerprint}.json"
