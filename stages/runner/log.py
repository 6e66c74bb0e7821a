"""Logs the results of a pipeline's models to MLflow."""

from collections.abc import Iterable

from filelock import FileLock

from stages.paths import PROJECT
from stages.runner.pipeline import Pipeline


def log_models(pipeline: Pipeline, models: Iterable[str]) -> dict[str, bool]:
    """Make the runs of some models equal to their result files, then rewrite the leaderboard.

    A store that fails costs a warning.

    Args:
        pipeline: of the models.
        models: variants, or the evaluator.

    Returns:
        By model, whether anything had to be logged; without those that a failure left out.

    Raises:
        StageError: results are damaged, or the store fails and `TRACKING_REQUIRED=1`.
    """
    from stages.tracking.leaderboard import write_leaderboard
    from stages.tracking.log_results import log_results
    from stages.tracking.store import tolerating_failures

    logged: dict[str, bool] = {}
    lock = PROJECT / ".scratch" / "logging.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):  # two processes would log the same results twice
        for model in models:
            with tolerating_failures():
                logged[model] = log_results(pipeline.name, model, pipeline.content_of(model))
            if model not in logged:
                return logged
        with tolerating_failures():
            shown = [each for each in pipeline.metrics if each.in_summary]
            tasks, parameters = pipeline.tasks, pipeline.compared_parameters
            write_leaderboard(pipeline.name, pipeline.ranking, shown, tasks, parameters)
    return logged
