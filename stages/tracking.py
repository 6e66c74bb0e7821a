"""The MLflow run of a variant: opened by its training, continued by its evaluation.

The files under `results/` are the truth and the tracking server is a view of them, so a server
that does not answer costs one warning and no training (unless `TRACKING_REQUIRED=1`).
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import mlflow
from mlflow.entities import RunStatus
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from stages.layout import PARAMS
from stages.provenance import commit_tags, process_tags
from stages.record import TOLD
from stages.run import Run
from stages.store import end_abandoned_runs, experiment_id
from stages.unsent import Unsent, forget, kept


def new_run(
    pipeline: str, variant: str, seed: int, fingerprint: str
) -> AbstractContextManager[Run]:
    """Open the run of a variant that is about to be trained.

    Args:
        pipeline: the MLflow experiment.
        variant: the run's name.
        seed: the seed that the variant's own model is trained from.
        fingerprint: what the run is found by when its evaluation continues it.

    Returns:
        A context with the run. It ends as FINISHED; as KILLED on Ctrl-C and SIGTERM; as FAILED on
        any error.
    """
    tags = _tags(pipeline, variant, seed, fingerprint)
    tags |= {"stage": "train", "attempt": uuid.uuid4().hex}
    unsent = Unsent(tags, PARAMS.read_text(encoding="utf-8"))

    def make() -> mlflow.ActiveRun:
        experiment = experiment_id(pipeline)
        end_abandoned_runs(experiment)
        _end_unkept_runs(experiment, variant, fingerprint)
        return _begin(experiment, variant, tags, unsent.params)

    return _during(Run(unsent), make, variant, fingerprint)


def continued_run(
    pipeline: str, variant: str, seed: int, fingerprint: str
) -> AbstractContextManager[Run]:
    """Continue the latest run that trained a variant with this fingerprint.

    A run that the store lost sight of when it failed is taken up again. A store that knows none
    (another machine, a new server) gets a new run, tagged as restored.

    Args:
        pipeline: the MLflow experiment.
        variant: the run's name.
        seed: the seed that the variant's own model was trained from.
        fingerprint: as the training's `run.json` has it.

    Returns:
        A context with the run; it ends as `new_run`'s does.
    """
    tags = _tags(pipeline, variant, seed, fingerprint)
    now = process_tags() | {"stage": "evaluate"}

    def make() -> mlflow.ActiveRun:
        experiment = experiment_id(pipeline)
        known = trained_run(experiment, variant, fingerprint)
        if known:
            run = mlflow.start_run(run_id=known.info.run_id)
            mlflow.set_tags(now)  # the commit is the training's
            return run
        restored = {"restored_from": fingerprint, "attempt": fingerprint}
        first = kept(variant, fingerprint) or Unsent(
            tags | restored, PARAMS.read_text(encoding="utf-8")
        )
        return _begin(experiment, variant, first.tags | now, first.params)

    return _during(Run(), make, variant, fingerprint)


def trained_run(experiment: str, variant: str, fingerprint: str) -> mlflow.entities.Run | None:
    """Find the latest run that holds a whole training, if the store knows one.

    Args:
        experiment: its id.
        variant: the run's name.
        fingerprint: as the training's `run.json` has it.
    """
    found = mlflow.MlflowClient().search_runs(
        [experiment],
        f"tags.fingerprint = '{fingerprint}' AND tags.variant = '{variant}' "
        "AND tags.trained = 'true'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return found[0] if found else None


def _begin(experiment: str, variant: str, tags: Mapping[str, str], params: str) -> mlflow.ActiveRun:
    """Begin the run of an attempt to train, or take up what the store has of it."""
    client = mlflow.MlflowClient()
    of_it = f"tags.attempt = '{tags['attempt']}' AND tags.variant = '{variant}'"
    started = client.search_runs([experiment], of_it, order_by=["attributes.run_id"])
    if started:
        run = mlflow.start_run(run_id=started[0].info.run_id)
        mlflow.set_tags(dict(tags))
    else:
        run = mlflow.start_run(experiment_id=experiment, run_name=variant, tags=dict(tags))
        started = client.search_runs([experiment], of_it)
    # A server whose answer was lost was asked again, and has made another.
    for each in started:
        if each.info.run_id != run.info.run_id:
            client.delete_run(each.info.run_id)
    mlflow.log_text(params, PARAMS.name)
    return run


@contextmanager
def _during(
    run: Run, make: Callable[[], mlflow.ActiveRun], variant: str, fingerprint: str
) -> Iterator[Run]:
    try:
        run.open(make)
        yield run
    except (KeyboardInterrupt, SystemExit):
        run.close(RunStatus.to_string(RunStatus.KILLED))
        raise
    except BaseException:
        run.close(RunStatus.to_string(RunStatus.FAILED))
        raise
    run.close(RunStatus.to_string(RunStatus.FINISHED))
    if run.recorded:
        forget(variant, fingerprint)


def _end_unkept_runs(experiment: str, variant: str, fingerprint: str) -> None:
    """End as KILLED the runs of trainings whose outputs DVC was killed before it could keep.

    They ended well, but are trained once more, and nothing was ever told of what they led to.
    """
    client = mlflow.MlflowClient()
    for run in client.search_runs(
        [experiment],
        f"attributes.status = 'FINISHED' AND tags.fingerprint = '{fingerprint}' "
        f"AND tags.variant = '{variant}' AND tags.trained = 'true'",
    ):
        if not {TOLD, MLFLOW_PARENT_RUN_ID} & run.data.tags.keys():
            client.set_terminated(run.info.run_id, RunStatus.to_string(RunStatus.KILLED))


def _tags(pipeline: str, variant: str, seed: int, fingerprint: str) -> dict[str, str]:
    named = {
        "pipeline": pipeline,
        "variant": variant,
        "seed": str(seed),
        "fingerprint": fingerprint,
    }
    return commit_tags() | process_tags() | named
