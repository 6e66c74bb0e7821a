"""Tells the run of a variant all that the files under `results/` hold of it.

The stages call it when they have written their files, and `publish` for a store that missed it.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from stages.logged_model import ServedModel
from stages.outputs import dvc_md5
from stages.run import Run
from stages.training import REPEATS, read_history, read_training, trainings_of

#: Tags that name the digest of the files that a run tells all of.
TOLD, COMPARED = "results", "comparison"


def record_training(run: Run, folder: Path, served: ServedModel) -> None:
    """Tell a run of its training, unless it knows.

    Args:
        run: of the variant.
        folder: the variant's results.
        served: how its model answers requests.

    Raises:
        FileNotFoundError, ValueError: a file is missing or damaged.
    """
    training = read_training(folder)
    run.log_parameters(training.parameters)
    run.log_data(training.data)
    run.log_history(read_history(folder))
    run.log_metrics(training.metrics)
    run.log_model(folder / "model", served)
    record_repeats(run, folder, {})
    run.mark_as_trained()
    run.has_training = True


def record_evaluation(run: Run, folder: Path, files: Iterable[str], description: str) -> None:
    """Tell a run of its evaluation.

    Args:
        run: of the variant.
        folder: the variant's results.
        files: names of the files to be kept with the run, beside its pictures.
        description: what the MLflow UI shows first; Markdown.

    Raises:
        FileNotFoundError, ValueError: a file is missing or damaged.
    """
    headlines = read_scores(folder / "metrics.json")
    scores = read_scores(folder / "scores.json")
    own = {"headline": headlines["test"], "seeds": headlines.get("seeds", {})}
    run.log_metrics({"test": numbers(scores["test"]), **own})
    if "one_network" in scores:
        run.log_metrics({"one_network": scores["one_network"]})
    run.log_files(folder / "plots", "plots")
    for name in files:
        run.log_files(folder / name)
    run.describe(description)
    record_repeats(run, folder, scores.get("by_seed", {}))
    run.mark_as_told(TOLD, results_digest(folder))


def record_repeats(run: Run, folder: Path, by_seed: Mapping[str, Mapping[str, float]]) -> None:
    """Tell a run of its variant's trainings from several seeds, each a child; none if one only.

    Args:
        run: of the variant.
        folder: the variant's results.
        by_seed: the headlines that each training led to, once they are known.
    """
    if not (folder / REPEATS).exists():
        return  # the verifier is trained once
    trainings = trainings_of(folder)
    for seed, place in trainings.items() if len(trainings) > 1 else ():
        headlines = by_seed.get(str(seed), {})
        run.log_repeat(read_training(place), read_history(place), {"headline": headlines})


def check_results(folder: Path) -> None:
    """Read all numbers of a variant's results, so that none is sent where one is damaged.

    Raises:
        FileNotFoundError, ValueError: a file is missing or damaged.
    """
    read_scores(folder / "metrics.json")
    read_scores(folder / "scores.json")
    repeated = trainings_of(folder).values() if (folder / REPEATS).exists() else ()
    for place in {folder, *repeated}:
        read_training(place)
        read_history(place)


def results_digest(folder: Path) -> str:
    """Digest all numbers of a variant's results."""
    names = ("run.json", "history.csv", "metrics.json", "scores.json")
    return " ".join(dvc_md5(folder / name)[:8] for name in names)


def read_scores(path: Path) -> dict[str, Any]:
    """Read a file of scores.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged.
    """
    found = read_json(path)
    if not isinstance(found.get("test"), dict):
        raise ValueError(f"{path.name} holds no scores")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds a mapping.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged.
    """
    with suppress(ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    raise ValueError(f"{path.name} holds no mapping")


def numbers(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of scores what is no number."""
    kept: dict[str, Any] = {}
    for name, value in scores.items():
        if isinstance(value, Mapping):
            kept[name] = numbers(value)
        elif not isinstance(value, str):
            kept[name] = value
    return kept
