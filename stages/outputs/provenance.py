"""Where a variant's model comes from: commit, parameters and times of its training.

These differ between equal results, so they are no output of a stage: `dvc.lock` would change with
every commit. A clone lacks them; its runs in MLflow are tagged `restored`.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from stages.outputs.atomic import write_json
from stages.paths import PROVENANCE


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from.

    Attributes:
        fingerprint: of the training.
        tags: commit and DVC experiment, as tags of an MLflow run.
        params: text of params.yaml.
        started: when the training started, in seconds since 1970.
        ended: when it ended.
    """

    fingerprint: str
    tags: dict[str, str]
    params: str
    started: float
    ended: float


_PROVENANCE = TypeAdapter(Provenance)


def save_provenance(pipeline: str, variant: str, provenance: Provenance) -> None:
    """Save the provenance of a training; without it, its run is `restored`."""
    with suppress(OSError):
        write_json(_file(pipeline, variant, provenance.fingerprint), asdict(provenance))


def read_provenance(pipeline: str, variant: str, fingerprint: str) -> Provenance | None:
    """Return the provenance of a training, if it ran in this checkout."""
    try:
        return _PROVENANCE.validate_json(_file(pipeline, variant, fingerprint).read_bytes())
    except (OSError, ValidationError):
        return None


def _file(pipeline: str, variant: str, fingerprint: str) -> Path:
    return PROVENANCE / pipeline / variant / f"{fingerprint}.json"
