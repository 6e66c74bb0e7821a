"""The MLflow run of a variant: opened by its training, continued by its evaluation.

The files under `results/` are the truth and the tracking server is a view of them, so a server
that does not answer costs one warning and no training (unless `TRACKING_REQUIRED=1`).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import mlflow
from mlflow.entities import RunStatus

from stages.provenance import commit_tags, process_tags
from stages.run import Run
from stages.store import end_abandoned_runs, experiment_id


def new_run(
    pipeline: str, variant: str, seed: int, fingerprint: str
) -> AbstractContextManager[Run]:
    """Open the run of a variant that is about to be trained.

    Args:
        pipeline: the MLflow experiment.
        variant: the run's name.
        seed: the seed of params.yaml.
        fingerprint: what the run is found by when its evaluation continues it.

    Returns:
        A context with the run. It ends as FINISHED; as KILLED on Ctrl-C and SIGTERM; as FAILED on
        any error.
    """
    tags = _tags(pipeline, variant, seed, fingerprint, "train")

    def make() -> mlflow.ActiveRun:
        experiment = experiment_id(pipeline)
        end_abandoned_runs(experiment)
        return mlflow.start_run(experiment_id=experiment, run_name=variant, tags=tags)

    return _during(make)


def continued_run(
    pipeline: str, variant: str, seed: int, fingerprint: str
) -> AbstractContextManager[Run]:
    """Continue the latest run that trained a variant with this fingerprint.

    A store that knows none (another machine, a new server) gets a new run, tagged as restored.

    Args:
        pipeline: the MLflow experiment.
        variant: the run's name.
        seed: the seed of params.yaml.
        fingerprint: as the training's `run.json` has it.

    Returns:
        A context with the run; it ends as `new_run`'s does.
    """

    def make() -> mlflow.ActiveRun:
        experiment = experiment_id(pipeline)
        known = mlflow.MlflowClient().search_runs(
            [experiment],
            f"tags.fingerprint = '{fingerprint}' AND tags.variant = '{variant}' "
            "AND tags.trained = 'true'",
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
        if known:
            run = mlflow.start_run(run_id=known[0].info.run_id)
            mlflow.set_tags(process_tags() | {"stage": "evaluate"})  # the commit is the training's
            return run
        tags = _tags(pipeline, variant, seed, fingerprint, "evaluate")
        return mlflow.start_run(
            experiment_id=experiment,
            run_name=variant,
            tags=tags | {"restored_from": fingerprint},
        )

    return _during(make)


@contextmanager
def _during(make: Callable[[], mlflow.ActiveRun]) -> Iterator[Run]:
    run = Run()
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


def _tags(pipeline: str, variant: str, seed: int, fingerprint: str, stage: str) -> dict[str, str]:
    return (
        commit_tags()
        | process_tags()
        | {
            "pipeline": pipeline,
            "variant": variant,
            "seed": str(seed),
            "fingerprint": fingerprint,
            "stage": stage,
        }
    )
