"""What a training leaves in a variant's folder: model, history.csv, run.json.

Trainings from further seeds lie in the folder `seeds`, each with the same three.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from stages.outputs.atomic import Writer, folder_of, in_new_folder, json_writer, read_json
from stages.outputs.hashes import dvc_md5
from stages.paths import ROOT

SEEDS = "seeds"
_LIST = "seeds.json"


@dataclass(frozen=True)
class Data:
    """The data of a training.

    Attributes:
        name: as the MLflow UI shows it.
        path: the file or folder that DVC tracks, from the project's root.
        digest: DVC's MD5 of it.
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
        fingerprint: hash of what determines the training.
        seed: the seed from which it started.
        parameters: the parameters of its MLflow run.
        data: what it was trained on.
        metrics: single numbers that it ended with.
    """

    fingerprint: str
    seed: int
    parameters: Mapping[str, Any]
    data: Data
    metrics: Mapping[str, float]


_TRAINING = TypeAdapter(Training)


def training_outputs(
    training: Training, history: pd.DataFrame, save_model: Writer
) -> dict[str, Writer]:
    """Return the writers of a training's outputs, by name.

    Args:
        training: the content of `run.json`.
        history: metrics by epoch, with a column `epoch`.
        save_model: saves the model in an existing folder.
    """
    return {
        "model": in_new_folder(save_model),
        "history.csv": lambda draft: history.to_csv(draft, index=False),
        "run.json": json_writer(asdict(training)),
    }


def seeds_writer(seeds: Iterable[int], trainings: Mapping[int, Mapping[str, Writer]]) -> Writer:
    """Return the writer of the folder `seeds`.

    Args:
        seeds: of all trainings, that of the primary model first.
        trainings: outputs of the trainings from the further seeds; see `training_outputs`.
    """
    folders = {str(seed): folder_of(outputs) for seed, outputs in trainings.items()}
    return folder_of({_LIST: json_writer({"seeds": list(seeds)}), **folders})


def read_training(folder: Path) -> Training:
    """Read the `run.json` of a folder.

    Raises:
        FileNotFoundError: it is missing.
        ValueError: it is damaged.
    """
    try:
        return _TRAINING.validate_json((folder / "run.json").read_bytes())
    except ValidationError:
        raise ValueError("run.json describes no training") from None


def read_history(folder: Path) -> pd.DataFrame:
    """Read the metrics by epoch of a training, indexed by `epoch`.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it is damaged.
    """
    return pd.read_csv(folder / "history.csv", index_col="epoch")


def training_folders(folder: Path) -> dict[int, Path]:
    """Find the trainings of a variant.

    Args:
        folder: of the variant's results.

    Returns:
        The folder of each training by its seed; the primary one first.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: the list of seeds is damaged.
    """
    try:
        first, *others = map(int, read_json(folder / SEEDS / _LIST)["seeds"])
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{SEEDS}/{_LIST} lists no seeds") from None
    return {first: folder} | {seed: folder / SEEDS / str(seed) for seed in others}


def best_epoch(history: pd.DataFrame) -> dict[str, float]:
    """Return the metrics of the epoch with the lowest validation loss, as `best/…`."""
    best = history.loc[history["validation/loss"].idxmin()]
    return {f"best/{name}": value for name, value in best.items() if not name.startswith("test/")}


def over_seeds(summaries: Iterable[Mapping[str, float]]) -> dict[str, Any]:
    """Summarise the metrics of a variant's trainings from several seeds.

    Args:
        summaries: metrics of each training; a metric that one lacks is left out.

    Returns:
        `seeds` with `count` and, by metric, `mean` and `std` (the sample standard deviation);
        nothing for a single training.
    """
    table = pd.DataFrame(list(summaries)).dropna(axis="columns")
    if len(table) < 2:
        return {}
    mean, std = table.mean().to_dict(), table.std(ddof=1).to_dict()
    return {"seeds": {"count": len(table), "mean": mean, "std": std}}
