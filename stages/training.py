"""What a training leaves beside its model, so that its run can be told at any time.

Trainings of one variant from further seeds lie in its folder `repeats`, each like the first.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from stages.layout import ROOT
from stages.outputs import Writer, dvc_md5, whole, write_json

REPEATS = "repeats"
_SEEDS = "seeds.json"
_HISTORY = "history_sha256"

#: Takes an epoch's number and its metrics.
OnEpoch = Callable[[int, dict[str, float]], None]

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Data:
    """What a training learnt from.

    Attributes:
        name: as the MLflow UI shows it.
        path: the file or folder that DVC manages, from the project's root.
        digest: DVC's md5 of it.
        dtype: type of the array that was read from it.
        shape: shape of that array.
    """

    name: str
    path: str
    digest: str
    dtype: str
    shape: tuple[int, ...]

    @classmethod
    def of(cls, name: str, path: Path, array: Any) -> "Data":
        """Describe an array that was read from a file or a folder."""
        place = path.relative_to(ROOT).as_posix()
        return cls(name, place, dvc_md5(path), str(array.dtype), tuple(array.shape))


@dataclass(frozen=True)
class Training:
    """The content of a `run.json`.

    Attributes:
        fingerprint: what determines the training; its run is found by it.
        seed: the seed that it began from.
        parameters: what MLflow shows as the parameters of the run.
        data: what it learnt from.
        metrics: single numbers that it ended with.
    """

    fingerprint: str
    seed: int
    parameters: Mapping[str, Any]
    data: Data
    metrics: Mapping[str, float]


_TRAINING = TypeAdapter(Training)


def training_outputs(
    training: Training, history: pd.DataFrame, save_model: Callable[[Path], object]
) -> dict[str, Writer]:
    """Return what writes the outputs of a training, by their names: model, history, `run.json`.

    Args:
        training: the content of `run.json`, to which the digest of the history is added.
        history: how it went, a row an epoch.
        save_model: saves the model in a folder.
    """
    table = history.to_csv(index=False).encode()
    content = _sealed({**asdict(training), _HISTORY: hashlib.sha256(table).hexdigest()})

    def model(draft: Path) -> None:
        draft.mkdir()
        save_model(draft)

    return {
        "model": model,
        "history.csv": lambda draft: draft.write_bytes(table),
        "run.json": lambda draft: draft.write_bytes(content),
    }


def read_training(folder: Path) -> Training:
    """Read what a training left in its folder.

    Raises:
        FileNotFoundError: there is nothing.
        ValueError: the file is damaged.
    """
    try:
        return _TRAINING.validate_python(_unsealed(folder))
    except ValidationError:
        raise ValueError("run.json tells of no training") from None


def train_from(
    seeds: Sequence[int], folder: Path, train: Callable[[int, Path], _Result]
) -> _Result:
    """Train a variant from each of its seeds.

    Args:
        seeds: the first leads to the variant's own model.
        folder: of the variant's results.
        train: trains from a seed and writes model, history and `run.json` into a folder.

    Returns:
        What the first training returned.
    """
    first, *others = seeds
    with whole(folder / REPEATS) as draft:
        draft.mkdir()
        write_json(draft / _SEEDS, {"seeds": list(seeds)})
        for seed in others:
            train(seed, draft / str(seed))
        return train(first, folder)  # the last, so that a failure leaves all as it was


def best_epoch(history: pd.DataFrame) -> dict[str, float]:
    """Return the metrics of the epoch with the lowest validation loss, as `best/…`."""
    best = history.loc[history["validation/loss"].idxmin()]
    return {f"best/{name}": value for name, value in best.items() if not name.startswith("test/")}


def ignored(_epoch: int, _metrics: dict[str, float]) -> None:
    """Log no epoch of a repeated training; its run gets its curves when it has ended."""


def read_history(folder: Path) -> pd.DataFrame:
    """Read how a training went, a row an epoch.

    Raises:
        FileNotFoundError: there is nothing.
        ValueError: the file, or `run.json`, is damaged.
    """
    content = (folder / "history.csv").read_bytes()
    if hashlib.sha256(content).hexdigest() != _unsealed(folder).get(_HISTORY):
        raise ValueError("history.csv is not the one that run.json tells of")
    return pd.read_csv(io.BytesIO(content), index_col="epoch")


def trainings_of(folder: Path) -> dict[int, Path]:
    """Find the trainings of a variant.

    Args:
        folder: of the variant's results.

    Returns:
        The folder of each, by its seed; the first is the variant's own.

    Raises:
        FileNotFoundError, ValueError: the list of seeds is missing or damaged.
    """
    try:
        first, *others = json.loads((folder / REPEATS / _SEEDS).read_text("utf-8"))["seeds"]
        found = {first: folder} | {seed: folder / REPEATS / str(seed) for seed in others}
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{REPEATS}/{_SEEDS} lists no seeds") from None
    for seed, place in found.items():
        if read_training(place).seed != seed:
            raise ValueError(f"{REPEATS}/{_SEEDS} lists the seed {seed}, but run.json another")
    return found


def over_seeds(headlines: Iterable[Mapping[str, float]]) -> dict[str, Any]:
    """Summarise the numbers that trainings of one variant from several seeds led to.

    Args:
        headlines: of each training; a number that one lacks is left out.

    Returns:
        `count`, and by name the `mean` and the standard `deviation` (of a sample); nothing for a
        single training.
    """
    table = pd.DataFrame(list(headlines)).dropna(axis="columns")
    if len(table) < 2:
        return {}
    return {
        "seeds": {
            "count": len(table),
            "mean": table.mean().to_dict(),
            "deviation": table.std(ddof=1).to_dict(),
        }
    }


def _sealed(document: Mapping[str, Any]) -> bytes:
    """Write a mapping as JSON that closes with the digest of all before it."""
    digest = hashlib.sha256(json.dumps(document, allow_nan=False).encode()).hexdigest()
    return f"{json.dumps({**document, 'sha256': digest}, indent=2)}\n".encode()


def _unsealed(folder: Path) -> dict[str, Any]:
    """Read the mapping in a `run.json`; ValueError unless it is as it was written, byte by byte."""
    content = (folder / "run.json").read_bytes()
    try:
        document: dict[str, Any] = json.loads(content)
        intact = _sealed({key: document[key] for key in document if key != "sha256"}) == content
    except (TypeError, ValueError):
        raise ValueError("run.json tells of no training") from None
    if not intact:
        raise ValueError("run.json is not what was saved: its SHA-256 sum is another")
    return document
