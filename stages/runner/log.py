"""Logging of results to MLflow."""

from collections.abc import Iterable

from filelock import FileLock

from stages.paths import PROJECT
from stages.runner.pipeline import Pipeline


def log_models(pipeline: Pipeline, models: Iterable[str]) -> dict[str, bool]:
    """Log the result files of models to their MLflow runs, then update the leaderboard.

    If the tracking store fails, a warning is printed unless `TRACKING_REQUIRED=1`.

    Args:
        pipeline: Pipeline of the models.
        models: Names of variants or of the evaluator.

    Returns:
        Whether anything was logged, by model. Models that could not be logged are missing.

    Raises:
        StageError: Results are damaged.
        TrackingError: The store fails and `TRACKING_REQUIRED=1`.
    """
    from stages.tracking.leaderboard import write_leaderboard
    from stages.tracking.log_results import log_results
    from stages.tracking.store import tolerating_failures

    logged: dict[str, bool] = {}
    lock = PROJECT / ".scratch" / "logging.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):  # otherwise two processes could log the same results twice
        for model in models:
            with tolerating_failures():
                logged[model] = log_results(pipeline.name, model, pipeline.content_of(model))
            if model not in logged:
                return logged
        with tolerating_failures():
            columns = [metric for metric in pipeline.metrics if metric.in_summary]
            tasks, parameters = pipeline.tasks, pipeline.compared_parameters
            write_leaderboard(pipeline.name, pipeline.ranking, columns, tasks, parameters)
    return logged
