"""Create, find and delete the runs of a variant."""

from collections.abc import Mapping
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.outputs.provenance import Provenance
from stages.paths import PARAMS
from stages.tracking.entities import parameters_of
from stages.tracking.run_colour import RUN_COLOUR, run_colour
from stages.tracking.store import (
    HIDDEN,
    PROCESS,
    end_abandoned_runs,
    experiment_id,
    in_this_workspace,
    is_alive,
    process_tags,
)

#: Tag with the fingerprint of the training.
FINGERPRINT = f"{HIDDEN}fingerprint"

#: Tag of a run with a complete curve, to which nothing else has been logged.
COMPLETE = f"{HIDDEN}curve_complete"

#: Tag with the digest of the result files that a run holds.
RESULTS = f"{HIDDEN}results"

#: Tag with the time of logging. It orders runs of one training, which have equal start times.
LOGGED_AT = f"{HIDDEN}logged_at"


def create_run(
    pipeline: str,
    variant: str,
    seed: int,
    provenance: Provenance,
    parameters: Mapping[str, Any],
) -> str:
    """Create a run with its tags, its parameters and its params.yaml.

    Args:
        pipeline: name of the experiment.
        variant: name of the run.
        seed: seed of the variant's primary model.
        provenance: provenance of the training.
        parameters: parameters of the run.

    Returns:
        The run's id.
    """
    experiment = experiment_id(pipeline)
    end_abandoned_runs(experiment)
    tags = provenance.tags | process_tags()
    tags |= {
        "pipeline": pipeline,
        "variant": variant,
        "seed": str(seed),
        FINGERPRINT: provenance.fingerprint,
        RUN_COLOUR: run_colour(experiment, pipeline, variant, provenance.params),
    }
    client = mlflow.MlflowClient()
    started = int(provenance.started * 1000)
    # `resolve_tags` adds the user and the source, as `mlflow.start_run` does.
    created = client.create_run(experiment, started, resolve_tags(tags), run_name=variant)
    run = created.info.run_id
    client.log_batch(run, params=parameters_of(parameters))
    client.log_text(run, provenance.params, PARAMS.name)
    return run


def run_of_results(experiment: str, variant: str, digest: str) -> Run | None:
    """Find the latest run that holds all results of a variant.

    Args:
        experiment: id of the experiment.
        variant: name of the run.
        digest: digest of the result files.
    """
    query = (
        f"tags.`{RESULTS}` = '{digest}' AND tags.variant = '{variant}' "
        "AND attributes.status = 'FINISHED'"
    )
    order = ["attributes.start_time DESC"]
    found = mlflow.MlflowClient().search_runs([experiment], query, order_by=order, max_results=1)
    return found[0] if found else None


def unfinished_run(experiment: str, variant: str, fingerprint: str) -> str:
    """Find the run with the complete curve of a training, to which its results can be logged.

    Other runs of this training in this workspace were interrupted and are deleted.

    Args:
        experiment: id of the experiment.
        variant: name of the run.
        fingerprint: fingerprint of the training.

    Returns:
        The run's id; empty if there is none.
    """
    client, process = mlflow.MlflowClient(), process_tags()[PROCESS]
    query = (
        f"tags.`{FINGERPRINT}` = '{fingerprint}' AND tags.variant = '{variant}' "
        f"AND {in_this_workspace()}"
    )
    usable = ""
    for run in client.search_runs([experiment], query, order_by=["attributes.start_time DESC"]):
        tags = run.data.tags
        if RESULTS in tags or MLFLOW_PARENT_RUN_ID in tags:
            continue
        if COMPLETE in tags and not usable:
            usable = run.info.run_id
        elif tags.get(PROCESS) == process or not is_alive(run):
            delete_run(experiment, run.info.run_id)
    return usable


def delete_run(experiment: str, run: str) -> None:
    """Delete a run, its child runs and its models."""
    client = mlflow.MlflowClient()
    for child in client.search_runs([experiment], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run}'"):
        client.delete_run(child.info.run_id)
    for model in client.search_logged_models([experiment], f"source_run_id = '{run}'"):
        client.delete_logged_model(model.model_id)
    client.delete_run(run)
