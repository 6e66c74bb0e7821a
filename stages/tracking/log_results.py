"""Log a variant's result files to its MLflow run.

A stage does this after it has written its files, and `make publish` for all missing runs.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE

from stages.errors import read_input
from stages.outputs.atomic import read_json
from stages.outputs.hashes import dvc_md5
from stages.outputs.metrics import read_scores, read_summary
from stages.outputs.provenance import Provenance, read_provenance
from stages.outputs.training import Data, Training, read_history, read_training, training_folders
from stages.paths import PARAMS, results
from stages.tracking.entities import curves, parameters_of, single_values
from stages.tracking.git import commit_tags
from stages.tracking.model import ServedModel, log_model
from stages.tracking.runs import (
    COMPLETE,
    FINGERPRINT,
    LOGGED_AT,
    RESULTS,
    create_run,
    delete_run,
    run_of_results,
    unfinished_run,
)
from stages.tracking.store import HIDDEN, PROCESS, experiment_id, process_tags

#: The files whose content decides whether a run holds the results of a variant.
RESULT_FILES = ("run.json", "history.csv", "metrics.json", "scores.json")

#: Tag with the digest of the comparison that a run holds.
_COMPARISON = f"{HIDDEN}comparison"


@dataclass(frozen=True)
class RunContent:
    """Content of a run in addition to numbers, curves and plots.

    Attributes:
        description: returns the run's description in Markdown, from test scores and training.
        artifacts: names of the result files to log; missing ones are left out.
        served: returns the model to serve, from the training. With None, no model is logged.
    """

    description: Callable[[Mapping[str, Any], Training], str]
    artifacts: Sequence[str]
    served: Callable[[Training], ServedModel] | None = None


@dataclass(frozen=True)
class _Results:
    """All numbers in the result files of a variant; they are read before anything is sent."""

    folder: Path
    training: Training
    trainings: Mapping[int, tuple[Training, pd.DataFrame]]
    scores: Mapping[str, Any]
    metrics: Mapping[str, Any]
    comparison: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "_Results":
        places = training_folders(folder)
        scores, summary = read_scores(folder / "scores.json"), read_json(folder / "metrics.json")
        compared = folder / "comparison.json"
        read_summary(folder / "metrics.json")
        return cls(
            folder,
            read_training(folder),
            {seed: (read_training(at), read_history(at)) for seed, at in places.items()},
            scores,
            {
                "test": scores["test"],
                "summary": summary["test"],
                "seeds": summary.get("seeds", {}),
            },
            read_json(compared) if compared.exists() else {},
        )


def results_digest(folder: Path) -> str:
    """Return the digest of a variant's result files, by which `run_of_results` finds its run."""
    return " ".join(dvc_md5(folder / name)[:8] for name in RESULT_FILES)


def log_results(pipeline: str, variant: str, content: RunContent) -> bool:
    """Log a variant's result files to its MLflow run.

    A complete run stays unchanged. A run whose logging was interrupted is deleted and logged again.

    Args:
        pipeline: name of the experiment.
        variant: name of the run.
        content: content of the run in addition to numbers, curves and plots.

    Returns:
        Whether anything was logged.

    Raises:
        StageError: a result file is missing or damaged. Nothing was sent.
        mlflow.MlflowException, sqlalchemy.exc.SQLAlchemyError, requests.RequestException: the
            store failed.
    """
    found = read_input(_Results.read, results(pipeline, variant))
    experiment = experiment_id(pipeline)
    run = run_of_results(experiment, variant, results_digest(found.folder))
    is_new = run is None
    if run:  # a repeated training with equal results needs no second run
        repeated = unfinished_run(experiment, variant, found.training.fingerprint)
        if repeated:
            delete_run(experiment, repeated)
    run = run or _log_all(pipeline, experiment, variant, found, content)
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    mlflow.MlflowClient().set_tag(run.info.run_id, LOGGED_AT, now)
    return _log_comparison(run, found) or is_new


def _log_all(
    pipeline: str, experiment: str, variant: str, found: _Results, content: RunContent
) -> Run:
    client, training = mlflow.MlflowClient(), found.training
    provenance = _provenance(pipeline, variant, training.fingerprint)
    history = found.trainings[training.seed][1]
    served = content.served(training) if content.served else None
    run, known = unfinished_run(experiment, variant, training.fingerprint), {}
    if run:
        client.set_tag(run, PROCESS, process_tags()[PROCESS])
        client.delete_tag(run, COMPLETE)  # if this is interrupted, the run cannot be used again
        known = client.get_run(run).data.metrics
    else:
        run = create_run(pipeline, variant, training.seed, provenance, training.parameters)
    # A live curve lacks metrics that need all epochs, such as the mean of several networks.
    client.log_batch(run, metrics=[each for each in curves(history) if each.key not in known])
    with mlflow.start_run(run_id=run):
        _log_data(training.data)
    if served:
        log_model(run, pipeline, found.folder / "model", served)
    client.log_batch(run, metrics=single_values({**training.metrics, **found.metrics}))
    if (found.folder / "plots").exists():
        client.log_artifacts(run, str(found.folder / "plots"), "plots")
    for name in content.artifacts:
        if (found.folder / name).exists():
            client.log_artifact(run, str(found.folder / name))
    _log_seeds(experiment, run, variant, found, provenance)
    client.set_tag(run, MLFLOW_RUN_NOTE, content.description(found.scores["test"], training))
    client.set_terminated(run, "FINISHED", int(provenance.ended * 1000))
    client.set_tag(run, RESULTS, results_digest(found.folder))  # last: the run is complete
    return client.get_run(run)


def _log_seeds(
    experiment: str, parent: str, variant: str, found: _Results, provenance: Provenance
) -> None:
    """Log each training of a variant with several seeds as a child run."""
    client, by_seed = mlflow.MlflowClient(), found.scores.get("by_seed", {})
    for seed, (training, history) in found.trainings.items() if len(found.trainings) > 1 else ():
        tags = provenance.tags | {
            MLFLOW_PARENT_RUN_ID: parent,
            "variant": variant,
            "seed": str(seed),
            FINGERPRINT: training.fingerprint,
        }
        started, ended = (int(time * 1000) for time in (provenance.started, provenance.ended))
        name = f"{variant}, seed {seed}"
        child = client.create_run(experiment, started, tags, run_name=name).info.run_id
        client.log_batch(child, params=parameters_of(training.parameters))
        summary = {"summary": by_seed.get(str(seed), {})}
        points = [*curves(history), *single_values({**training.metrics, **summary})]
        client.log_batch(child, metrics=points)
        client.set_terminated(child, "FINISHED", ended)


def _log_comparison(run: Run, found: _Results) -> bool:
    """Log the comparison with the baseline unless the run holds it; return whether it did not."""
    digest = dvc_md5(found.folder / "comparison.json") if found.comparison else ""
    if not digest or run.data.tags.get(_COMPARISON) == digest:
        return False
    client = mlflow.MlflowClient()
    client.log_batch(run.info.run_id, metrics=single_values({"test": found.comparison}))
    client.set_tag(run.info.run_id, _COMPARISON, digest)
    return True


def _log_data(data: Data) -> None:
    """Log the dataset of a training, with DVC's MD5 as its digest."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The specified dataset source")
        source = mlflow.data.dataset_source_registry.resolve_dataset_source(data.path)
    spec = mlflow.types.TensorSpec(np.dtype(data.dtype), data.shape)
    # MLflow treats equal names and digests as one dataset, and keeps the schema of the first.
    name = f"{data.name}, {data.shape[0]:,} examples"
    described = mlflow.data.meta_dataset.MetaDataset(
        source, name, data.digest, mlflow.types.Schema([spec])
    )
    mlflow.log_input(described, context="training")


def _provenance(pipeline: str, variant: str, fingerprint: str) -> Provenance:
    """Return the provenance of a training; without a record, the present one, tagged `restored`."""
    known = read_provenance(pipeline, variant, fingerprint)
    if known:
        return known
    made = (results(pipeline, variant) / "run.json").stat().st_mtime
    tags = {**commit_tags(), "restored": "true"}
    return Provenance(fingerprint, tags, PARAMS.read_text(encoding="utf-8"), made, made)
