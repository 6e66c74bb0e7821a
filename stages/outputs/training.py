"""Results of training in a variant's folder: model, history.csv and run.json.

The subfolder `seeds` contains the same files for each further seed.
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
    """Training data.

    Attributes:
        name: Name in the MLflow UI.
        path: File or folder that DVC tracks, relative to the root of the project.
        digest: DVC's MD5 of the path.
        dtype: Type of the array that was read from it.
        shape: Shape of the array.
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
        fingerprint: Hash of everything that determines the training run.
        seed: Seed of the primary model.
        parameters: Parameters of the MLflow run.
        data: Training data.
        metrics: Final metrics of the training.
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
    """Return the writers of the outputs of a training run, by file name.

    Args:
        training: Content of `run.json`.
        history: Metrics by epoch, with a column `epoch`.
        save_model: Function that saves the model in an existing folder.
    """
    return {
        "model": in_new_folder(save_model),
        "history.csv": lambda draft: history.to_csv(draft, index=False),
        "run.json": json_writer(asdict(training)),
    }


def seeds_writer(seeds: Iterable[int], trainings: Mapping[int, Mapping[str, Writer]]) -> Writer:
    """Return the writer of the folder `seeds`.

    Args:
        seeds: All seeds, starting with that of the primary model.
        trainings: Outputs for each further seed (see `training_outputs`).
    """
    folders = {str(seed): folder_of(outputs) for seed, outputs in trainings.items()}
    return folder_of({_LIST: json_writer({"seeds": list(seeds)}), **folders})


def read_training(folder: Path) -> Training:
    """Read the `run.json` of a folder.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: The file is damaged.
    """
    try:
        return _TRAINING.validate_json((folder / "run.json").read_bytes())
    except ValidationError:
        raise ValueError("run.json does not describe a training run") from None


def read_history(folder: Path) -> pd.DataFrame:
    """Read the metrics by epoch of a training run, indexed by `epoch`.

    Raises:
        FileNotFoundError: The file is missing.
        ValueError: The file is damaged.
    """
    return pd.read_csv(folder / "history.csv", index_col="epoch")


def training_folders(folder: Path) -> dict[int, Path]:
    """Return the folders of a variant's training runs.

    Args:
        folder: Folder of the variant's results.

    Returns:
        Folders by seed, starting with the primary model.

    Raises:
        FileNotFoundError: The list of seeds is missing.
        ValueError: The list of seeds is damaged.
    """
    try:
        first, *others = map(int, read_json(folder / SEEDS / _LIST)["seeds"])
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{SEEDS}/{_LIST} does not list seeds") from None
    return {first: folder} | {seed: folder / SEEDS / str(seed) for seed in others}


def best_epoch(history: pd.DataFrame) -> dict[str, float]:
    """Return the metrics of the epoch with the lowest validation loss, with prefix `best/`."""
    best = history.loc[history["validation/loss"].idxmin()]
    return {f"best/{name}": value for name, value in best.items() if not name.startswith("test/")}


def over_seeds(summaries: Iterable[Mapping[str, float]]) -> dict[str, Any]:
    """Summarise the metrics of a variant over its seeds.

    Args:
        summaries: Metrics for each seed. Metrics that one of them lacks are left out.

    Returns:
        `seeds` with `count` and, by metric, `mean` and `std` (the sample standard deviation). Empty
        for a single seed.
    """
    table = pd.DataFrame(list(summaries)).dropna(axis="columns")
    if len(table) < 2:
        return {}
    mean, std = table.mean().to_dict(), table.std(ddof=1).to_dict()
    return {"seeds": {"count": len(table), "mean": mean, "std": std}}
