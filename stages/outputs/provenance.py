"""Provenance of a variant's model: commit, parameters and times of its training.

Provenance is not an output of a stage, because equal results can have different provenance and
`dvc.lock` would change with each commit. A clone has no provenance, so its MLflow runs get the tag
`restored`.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from stages.outputs.atomic import write_json
from stages.paths import PROVENANCE


@dataclass(frozen=True)
class Provenance:
    """Provenance of a model.

    Attributes:
        fingerprint: Fingerprint of the training run.
        tags: Commit and DVC experiment, as tags of an MLflow run.
        params: Text of params.yaml.
        started: Start of training, in seconds since 1970.
        ended: End of training, in seconds since 1970.
    """

    fingerprint: str
    tags: dict[str, str]
    params: str
    started: float
    ended: float


_PROVENANCE = TypeAdapter(Provenance)


def save_provenance(pipeline: str, variant: str, provenance: Provenance) -> None:
    """Save the provenance of a training run, unless writing fails."""
    with suppress(OSError):
        write_json(_file(pipeline, variant, provenance.fingerprint), asdict(provenance))


def read_provenance(pipeline: str, variant: str, fingerprint: str) -> Provenance | None:
    """Return the provenance of a training run, or None if it ran in another checkout."""
    try:
        return _PROVENANCE.validate_json(_file(pipeline, variant, fingerprint).read_bytes())
    except (OSError, ValidationError):
        return None


def _file(pipeline: str, variant: str, fingerprint: str) -> Path:
    return PROVENANCE / pipeline / variant / f"{fingerprint}.json"
